// Saving a setting that others may change too. No call sets a value only if it is still what was seen: so
// it is looked at just before, and a moment is left in which theirs can be lost.
import { api, ApiError } from "./api.js";

// The value that it has, or will have at the next start.
export const valueNow = (row) => row.pending ?? row.value;

// null: what was set goes, and what is beneath holds. Fails with "meanwhile" when the setting is not as `row`
// says any more.
export async function saveUnlessChanged(row, value) {
    const { settings } = await api.settings();
    const current = settings.find(({ name }) => name === row.name);
    if (current && valueNow(current) !== valueNow(row))
        throw new ApiError(409, { code: "meanwhile", sentence: "It was changed meanwhile.", remedy: "" });
    return value === null ? api.resetSetting(row.name) : api.setSetting(row.name, value);
}
