// Sign-ins as lines that lead to their ladder.
import { useWords } from "../i18n.js";
import { whoOf } from "../ladder.js";
import { address, follow } from "../router.js";
import "../server_sign_ins.js";
import { Dot } from "../ui/parts.jsx";
import { SmallLadder } from "../ui/rungs.jsx";

function LoginRow({ login }) {
    const { t, format, server } = useWords();
    return (
        <li>
            <a class="line" href={address("/sign-ins", { id: login.id })} onClick={follow}>
                <Dot kind={login.ok ? "good" : "bad"} />
                <span class="line-time">{format.clock(login.time_ms)}</span>
                <span class="line-who">{whoOf(login) ?? t("xray.nobody")}</span>
                <span class={login.ok ? "line-what" : "line-what bad"}>
                    {login.ok ? login.mechanism : server(login.failure.heading)}
                </span>
                <SmallLadder login={login} />
                <span class="line-ms">{format.ms(login.total_ms)}</span>
            </a>
        </li>
    );
}

export function LoginRows({ logins }) {
    return (
        <ul class="lines">
            {logins.map((login) => (
                <LoginRow key={login.id} login={login} />
            ))}
        </ul>
    );
}
