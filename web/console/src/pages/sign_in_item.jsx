import { useEffect, useRef } from "preact/hooks";
import { useWords } from "../i18n.js";
import { whoOf } from "../ladder.js";
import "../server_sign_ins.js";
import { Icon } from "../ui/icon.jsx";
import { Ladder, SmallLadder } from "../ui/rungs.jsx";
import { Why } from "./sign_in_remedy.jsx";
import { Trace } from "./sign_in_trace.jsx";

function Facts({ login }) {
    const { t, format } = useWords();
    const facts = [
        ["xray.when", format.moment(login.time_ms)],
        ["xray.address", login.address],
        ["xray.path", t(`path.${login.path}`)],
        ["xray.tls", login.tls && `${login.tls.version} · ${login.tls.cipher}`],
        ["xray.software", login.software],
        ["xray.jid", login.jid],
        ["xray.code", login.failure && `${login.failure.code}${login.failure.condition ? ` · ${login.failure.condition}` : ""}`],
        ["xray.connection", `#${login.connection}`],
    ];
    return (
        <dl class="facts">
            {facts
                .filter(([, value]) => value)
                .map(([key, value]) => [<dt key={key}>{t(key)}</dt>, <dd key={`${key}=`}>{value}</dd>])}
        </dl>
    );
}

function Detail({ login, id, full }) {
    return (
        <div class="xray-detail" id={id}>
            {login.failure && <Why login={login} full={full} />}
            <div class="xray-halves">
                <Ladder login={login} />
                <Facts login={login} />
            </div>
            <Trace id={login.id} />
        </div>
    );
}

function Summary({ login }) {
    const { t, format, server } = useWords();
    return (
        <>
            <span class={`verdict ${login.ok ? "verdict-good" : "verdict-bad"}`}>
                <Icon name={login.ok ? "check" : "cross"} />
                <span class="unseen">{t(login.ok ? "xray.good" : "xray.bad")}</span>
            </span>
            <span class="xray-time">{format.clock(login.time_ms)}</span>
            <span class="xray-who">{whoOf(login) ?? t("xray.nobody")}</span>
            <span class={login.ok ? "xray-what" : "xray-what bad"}>
                {login.ok ? login.mechanism : server(login.failure.heading)}
            </span>
            <SmallLadder login={login} />
            <span class="xray-ms">{format.ms(login.total_ms)}</span>
            <Icon name="down" class="turn" />
        </>
    );
}

// `sought`: the address of the page names it, so that it is scrolled to.
export function SignInItem({ login, full, open, sought, onToggle }) {
    const id = `sign-in-${login.id}`;
    const ref = useRef(null);
    useEffect(() => {
        if (sought) ref.current.scrollIntoView({ block: "nearest" });
    }, []);
    return (
        <li class={`xray-item ${open ? "xray-open" : ""}`} ref={ref}>
            <button type="button" class="xray-row" aria-expanded={open} aria-controls={id} onClick={onToggle}>
                <Summary login={login} />
            </button>
            {open && <Detail login={login} id={id} full={full} />}
        </li>
    );
}
