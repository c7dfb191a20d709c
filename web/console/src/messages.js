// Every word of the pages: one row a message, English and Chinese. {n} stands for a value, and
// {n|one|several} for one of two words. The tests hold the table complete and free of what nobody uses.
import { audit } from "./messages/audit.js";
import { home } from "./messages/home.js";
import { security } from "./messages/security.js";
import { sessions } from "./messages/sessions.js";
import { settings } from "./messages/settings.js";
import { setup } from "./messages/setup.js";
import { shell } from "./messages/shell.js";
import { sign_ins } from "./messages/sign_ins.js";
import { users } from "./messages/users.js";

export const messages = {
    ...audit,
    ...home,
    ...security,
    ...sessions,
    ...settings,
    ...setup,
    ...shell,
    ...sign_ins,
    ...users,
};
