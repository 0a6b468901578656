// Names of accounts and users, as the lists and heads show them.

import { hasApps } from "./session.js";

/** The account of a row or conversation: with the App Key if there are several apps. */
export const accountWords = ({ app, account }) => (hasApps() && app ? `${account ?? "?"} · ${app}` : (account ?? "?"));

/** The characters that show nothing or turn the order of others; a name with them could look like another one. */
const DECEPTIVE = /[\p{Cc}\p{Cf}\p{Co}\u2028\u2029]/gu;

/** A name as a list may show it: characters that nobody sees are written as their numbers. */
export const visibleName = (name) => name.replace(DECEPTIVE, (character) => `\\u{${character.codePointAt(0).toString(16)}}`);

/** The first letter of a user's name, for the portrait. */
export const initialOf = (user) => ([...(user ?? "?")][0] ?? "?").toUpperCase();
