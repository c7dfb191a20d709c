// What the table of users and the drawer of one say in the same way.
import { useWords } from "../i18n.js";
import { Badge, Dot } from "../ui/parts.jsx";

const SCRAM = "SCRAM-SHA-";

// What an attacker could use against the account: stored for software of the past only.
const WEAK = new Set(["DIGEST-MD5", "CRAM-MD5", "PLAIN"]);

export function State({ account }) {
    const { t } = useWords();
    if (account.disabled)
        return (
            <div>
                <Badge kind="bad">{t("users.disabled")}</Badge>
                {account.reason && <span class="quiet">{account.reason}</span>}
            </div>
        );
    return (
        <span class="state">
            <Dot kind={account.online ? "good" : "off"} />
            {t(account.online ? "users.online" : "users.offline")}
        </span>
    );
}

// SCRAM-SHA-1, SCRAM-SHA-256 -> SCRAM-SHA-1 / 256: one chip for a family.
function families(schemes) {
    const sizes = schemes.filter((scheme) => scheme.startsWith(SCRAM)).map((scheme) => scheme.slice(SCRAM.length));
    const others = schemes.filter((scheme) => !scheme.startsWith(SCRAM));
    return sizes.length ? [SCRAM + sizes.join(" / "), ...others] : others;
}

export function Schemes({ schemes }) {
    const { t } = useWords();
    return (
        <ul class="chips">
            {families(schemes).map((scheme) => (
                <li key={scheme}>
                    <Badge kind={WEAK.has(scheme) ? "warn" : "plain"}>
                        {scheme}
                        {WEAK.has(scheme) && ` · ${t("users.weak")}`}
                    </Badge>
                </li>
            ))}
        </ul>
    );
}
