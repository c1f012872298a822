/** Characters of a console script in a scenario. */
export const LONGEST_CONSOLE_SCRIPT = 65_536;
