// Language and colours.
import { useWords } from "../i18n.js";
import { language, theme } from "../prefs.js";
import { useStore } from "../store.js";
import { Choice } from "./parts.jsx";

export function LanguageSwitch() {
    const { t } = useWords();
    return (
        <Choice
            name="language"
            label={t("prefs.language")}
            value={useStore(language)}
            options={[
                ["en", <span lang="en">English</span>],
                ["zh-CN", <span lang="zh-CN">中文</span>],
            ]}
            onChange={language.set}
        />
    );
}

export function ThemeSwitch() {
    const { t } = useWords();
    return (
        <Choice
            name="theme"
            label={t("prefs.theme")}
            value={useStore(theme)}
            options={["auto", "light", "dark"].map((name) => [name, t(`theme.${name}`)])}
            onChange={theme.set}
        />
    );
}
