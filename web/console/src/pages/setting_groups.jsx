import { useWords } from "../i18n.js";
import { follow } from "../router.js";
import { groups, helpOf } from "../setting_text.js";
import { Icon } from "../ui/icon.jsx";
import { Pending, Source, Value } from "./setting_parts.jsx";

function SettingRow({ row, to }) {
    const { t, language } = useWords();
    return (
        <li class="setting">
            <div class="setting-words">
                <h3 class="setting-name">
                    <a href={to} onClick={follow}>
                        {row.name}
                    </a>
                    {!row.editable && <Icon name="lock" />}
                    {!row.editable && <span class="unseen">{t("set.locked")}</span>}
                </h3>
                <p class="setting-help">{helpOf(row, language)}</p>
            </div>
            <div class="setting-value">
                <Value row={row} value={row.value} />
                <Pending row={row} />
            </div>
            <div class="setting-from">
                <Source source={row.source} />
                <span class="setting-when">{t(row.live ? "set.live" : "set.restart")}</span>
            </div>
        </li>
    );
}

// `to(name)` is where the setting is shown.
export function SettingGroups({ rows, to }) {
    const { t, has } = useWords();
    return groups(rows).map(([group, list]) => (
        <section key={group} class="card card-flush setting-group">
            <div class="card-head">
                <h2>{has(`group.${group}`) ? t(`group.${group}`) : group}</h2>
            </div>
            <ul>
                {list.map((row) => (
                    <SettingRow key={row.name} row={row} to={to(row.name)} />
                ))}
            </ul>
        </section>
    ));
}
