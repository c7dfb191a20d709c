// The ladder of one sign-in: small, in a list, and large, with what happened at each stage.
import { useWords } from "../i18n.js";
import { place, rungs } from "../ladder.js";
import { Icon } from "./icon.jsx";

function stageClass(rung) {
    return `rung-bar stage-${rung.stage.replace(" ", "-")} ${rung.ok ? "" : "stage-failed"}`;
}

export function SmallLadder({ login }) {
    return (
        <svg class="small-ladder" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
            <rect class="rung-track" width="100" height="8" />
            {rungs(login).map((rung, i) => (
                <rect key={i} class={stageClass(rung)} {...place(rung, login.total_ms)} height="8" />
            ))}
        </svg>
    );
}

function noteOf(rung, login, t, format) {
    const notes = [];
    if (rung.stage === "connect") notes.push(t(login.direct_tls ? "xray.direct" : "xray.starttls"));
    if (rung.stage === "header") notes.push(login.domain);
    if (rung.stage === "secure" && login.tls) {
        notes.push(login.tls.version);
        if (login.tls.resumed) notes.push(t("xray.resumed"));
    }
    if (rung.stage === "sign in") {
        if (rung.mechanism) notes.push(rung.mechanism);
        if (rung.binding) notes.push(rung.binding);
        if (rung.held_ms) notes.push(t("xray.held", { time: format.ms(rung.held_ms) }));
    }
    if (rung.stage === "bind" && login.jid) notes.push(login.jid.split("/").slice(1).join("/"));
    if (!rung.ok && rung.condition) notes.push(rung.condition);
    return notes.join(" · ");
}

function Rung({ rung, login }) {
    const { t, format } = useWords();
    return (
        <li class={`rung ${rung.ok ? "" : "rung-failed"}`}>
            <span class="rung-stage">
                <Icon name={rung.ok ? "check" : "cross"} />
                {t(`stage.${rung.stage}`)}
                {!rung.ok && <span class="unseen">{t("xray.stage_failed")}</span>}
            </span>
            <svg class="rung-line" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
                <rect class="rung-track" width="100" height="10" />
                <rect class={stageClass(rung)} {...place(rung, login.total_ms)} height="10" />
            </svg>
            <span class="rung-time">{format.ms(rung.took_ms)}</span>
            <span class="rung-note">{noteOf(rung, login, t, format)}</span>
        </li>
    );
}

export function Ladder({ login }) {
    const { t, format } = useWords();
    return (
        <ol class="ladder" aria-label={t("xray.ladder")}>
            {rungs(login).map((rung, i) => (
                <Rung key={i} rung={rung} login={login} />
            ))}
            <li class="rung rung-total">
                <span class="rung-stage">{t(login.ok ? "stage.ready" : "stage.over")}</span>
                <span class="rung-note">{t("xray.in_all")}</span>
                <span class="rung-time">{format.ms(login.total_ms)}</span>
            </li>
        </ol>
    );
}
