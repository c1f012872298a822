/** Where a link in a Markdown file leads. */
export type Target =
  | { readonly kind: 'file'; readonly path: string; readonly anchor: string }
  | { readonly kind: 'anchor'; readonly anchor: string }
  | { readonly kind: 'web'; readonly url: string }
  | { readonly kind: 'nowhere' };

/** Resolves a link against the file that it stands in: `bundled/kvm-oom/README.md`. */
export function targetOf(link: string, from: string): Target {
  if (link.startsWith('#')) return { kind: 'anchor', anchor: decoded(link.slice(1)) };
  if (/^[a-z][a-z0-9+.-]*:/i.test(link) || link.startsWith('//')) {
    return link.startsWith('https://') && URL.canParse(link)
      ? { kind: 'web', url: link }
      : { kind: 'nowhere' };
  }
  const [relative = '', anchor = ''] = link.split('#', 2);
  const parts = from.split('/').slice(0, -1);
  for (const part of decoded(relative).split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    // The first part says whose file it is: bundled or the user's. Nothing is above it.
    else if (parts.length > 1) parts.pop();
    else return { kind: 'nowhere' };
  }
  return { kind: 'file', path: parts.join('/'), anchor: decoded(anchor) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
