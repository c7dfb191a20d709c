// How people sign in, and what keeps others out.
import { useWords } from "../i18n.js";
import { status } from "../live.js";
import "../messages/home.js";
import "../messages/security.js";
import "../messages/users.js";
import { useStore } from "../store.js";
import { PageHead } from "../ui/parts.jsx";
import { Blocks } from "./security_blocks.jsx";
import { Certificate } from "./security_certificate.jsx";
import { SignInMethods } from "./security_methods.jsx";
import { Throttle } from "./security_throttle.jsx";

export function Security({ who, query }) {
    const { t } = useWords();
    const now = useStore(status);
    const full = who.role === "full";
    return (
        <>
            <PageHead title={t("security.title")} lead={t("security.lead")} />
            <div class="columns columns-even">
                <div class="column">
                    <SignInMethods full={full} />
                </div>
                <div class="column">
                    {now && <Certificate now={now} full={full} />}
                    <Throttle full={full} />
                    <Blocks full={full} wanted={query.get("block")} />
                </div>
            </div>
        </>
    );
}
