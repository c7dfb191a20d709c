// Networks whose connections are closed before a byte is read.
import { useRef, useState } from "preact/hooks";
import { api } from "../api.js";
import { useWords } from "../i18n.js";
import { auditEntry, connected } from "../live.js";
import { useLoad } from "../load.js";
import { go } from "../router.js";
import { useStore } from "../store.js";
import { Confirm } from "../ui/confirm.jsx";
import { Failure } from "../ui/failure.jsx";
import { Icon } from "../ui/icon.jsx";
import { Outcome } from "../ui/outcome.jsx";
import { BlockNew } from "./block_new.jsx";

function Block({ block, full, onRemove }) {
    const { t, format } = useWords();
    const { network, reason, since_s, until_s, actor, hits } = block;
    const since = { time: format.moment(since_s * 1000), actor };
    return (
        <li class="token">
            <div class="token-words">
                <p class="token-name mono">{network}</p>
                {reason && <p class="small">{reason}</p>}
                <p class="quiet small">{t("block.since", since)}</p>
                <p class="quiet small">
                    {until_s ? t("block.until", { time: format.moment(until_s * 1000) }) : t("block.for_ever")}
                    {t("block.hits", { n: hits })}
                </p>
            </div>
            {full && (
                <button type="button" class="button button-small" onClick={() => onRemove(network)}>
                    {t("block.remove")}
                    <span class="unseen"> {network}</span>
                </button>
            )}
        </li>
    );
}

function Remove({ network, onDone, onCancel }) {
    const { t } = useWords();
    return (
        <Confirm
            title={t("block.remove_title")}
            words={t("block.remove_do")}
            run={() => api.unblock(network)}
            onDone={() => onDone({ act: "removed", network })}
            onCancel={onCancel}
        >
            <p class="question-what mono">{network}</p>
            <p>{t("block.remove_then")}</p>
        </Confirm>
    );
}

function Card({ full, done, error, blocks, onAdd, onRemove }) {
    const { t } = useWords();
    return (
        <section class="card part">
            <div class="card-head">
                <h2>{t("block.title")}</h2>
                {full && (
                    <button type="button" class="button button-small" onClick={onAdd}>
                        <Icon name="plus" />
                        {t("block.add")}
                    </button>
                )}
            </div>
            {done && <Outcome of={done} title={t(`blocks.${done.act}`, { network: done.network })} />}
            <p class="quiet">{t("block.lead")}</p>
            <Failure error={error} />
            {blocks && !blocks.length && <p>{t("block.none")}</p>}
            {blocks?.length > 0 && (
                <ul class="tokens" aria-label={t("block.title")}>
                    {blocks.map((block) => (
                        <Block key={block.network} block={block} full={full} onRemove={onRemove} />
                    ))}
                </ul>
            )}
        </section>
    );
}

// The last entry of the audit trail that is about blocks: others make them too.
function useBlockChange() {
    const entry = useStore(auditEntry);
    const last = useRef(null);
    if (entry?.action.startsWith("block.")) last.current = entry.id;
    return last.current;
}

// `wanted`: the network that the address of the page asks to block; "" for a form that is empty.
export function Blocks({ full, wanted }) {
    const [removing, setRemoving] = useState(null);
    const [done, setDone] = useState(null);
    const change = useBlockChange();
    const live = useStore(connected); // what changed while there was no stream
    const { data, error } = useLoad((signal) => api.blocks(signal), [done, change, live]);
    const close = () => go("/security");
    const finish = (outcome) => {
        setRemoving(null);
        setDone(outcome);
        if (wanted !== null) close();
    };
    return (
        <>
            <Card
                full={full}
                done={done}
                error={error}
                blocks={data?.blocks}
                onAdd={() => go("/security?block=")}
                onRemove={setRemoving}
            />
            {full && wanted !== null && <BlockNew wanted={wanted} blocks={data?.blocks ?? []} onDone={finish} onClose={close} />}
            {removing && <Remove network={removing} onDone={finish} onCancel={() => setRemoving(null)} />}
        </>
    );
}
