/** An expansion that ends the command: `${x:?message}`, an unset variable under `set -u`. */
export class ExpansionError extends Error {}
