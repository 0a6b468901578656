// Names of accounts and users, as the lists and heads show them.

import { appName, hasApps } from "./session.js";

/** The account of a row or conversation: with the app's name if there are several apps. */
export const accountWords = ({ app, account }) => (hasApps() && app ? `${account ?? "?"} · ${appName(app)}` : (account ?? "?"));

/** The first letter of a user's name, for the portrait. */
export const initialOf = (user) => ([...(user ?? "?")][0] ?? "?").toUpperCase();
