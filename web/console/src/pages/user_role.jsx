// What an account may do in the console.
import { useWords } from "../i18n.js";
import { Options } from "../ui/parts.jsx";

const ROLES = ["none", "read-only", "full"];

export const roleOf = (account) => account.role ?? "none";

export function RoleChoice({ account, role, onRole, tried }) {
    const { t } = useWords();
    const same = tried && role === roleOf(account);
    return (
        <div class="field">
            <Options
                name="role"
                label={t("one.role")}
                value={role}
                options={ROLES.map((one) => [one, t(`role.${one}`), t(`may.${one}`)])}
                onChange={onRole}
            />
            <p class={`note ${same ? "note-bad" : ""}`} role={same ? "alert" : undefined}>
                {same && t("act.role.same", { user: account.user })}
            </p>
        </div>
    );
}
