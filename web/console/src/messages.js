// The words of the pages: one row a message, English and Chinese. {n} stands for a value, and
// {n|one|several} for one of two words. Those of the frame are here from the start; each page brings
// its own with it, by importing its files of messages/, so that nobody waits for those of others.
// The tests hold the table complete and free of what nobody uses, and each page to what it brings.
import { shell } from "./messages/shell.js";

export const messages = { ...shell };

export function addMessages(rows) {
    Object.assign(messages, rows);
}
