/**
 * What the workbench's page may load and where it may talk to. Its own scripts only; inline styles, as the editor
 * sets them; sockets to the host that it came from.
 */
export function contentSecurityPolicy(socketOrigins: readonly string[]): string {
  const rules: readonly (readonly [directive: string, ...sources: string[]])[] = [
    ['default-src', "'none'"],
    ['script-src', "'self'"],
    ['style-src', "'self'", "'unsafe-inline'"],
    ['img-src', "'self'", 'data:', 'blob:'],
    ['font-src', "'self'", 'data:'],
    ['connect-src', "'self'", ...socketOrigins],
    ['worker-src', "'self'", 'blob:'],
    ['base-uri', "'none'"],
    ['form-action', "'none'"],
    ['frame-ancestors', "'none'"],
  ];
  return rules.map((rule) => rule.join(' ')).join('; ');
}
