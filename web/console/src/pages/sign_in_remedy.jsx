// Why a sign-in failed, and what to do about it: the places of the console where that is done.
import { useWords } from "../i18n.js";
import { placesOf, remedyOf } from "../remedies.js";
import { address, follow } from "../router.js";
import "../server_sign_ins.js";
import { Icon } from "../ui/icon.jsx";
import { Notice } from "../ui/parts.jsx";

function Places({ login, full }) {
    const { t, has } = useWords();
    const places = placesOf(login, full);
    if (!places.length) return null;
    const words = (name) => (has(`go.${name}`) ? t(`go.${name}`, { user: login.user }) : t("go.setting", { name }));
    return (
        <ul class="remedy-places" aria-label={t("xray.places")}>
            {places.map(({ name, path, query }) => (
                <li key={name}>
                    <a class="button button-small" href={address(path, query)} onClick={follow}>
                        {words(name)}
                        <Icon name="right" />
                    </a>
                </li>
            ))}
        </ul>
    );
}

export function Why({ login, full }) {
    const { t, server } = useWords();
    const { failure } = login;
    const { words } = remedyOf(failure);
    return (
        <Notice kind="bad" title={server(failure.heading)}>
            <p>{server(failure.sentence)}</p>
            <p class="remedy">
                <strong>{t("xray.remedy")}</strong> {words ? t(words) : server(failure.remedy)}
            </p>
            <Places login={login} full={full} />
        </Notice>
    );
}
