import MarkdownIt from 'markdown-it';

// No HTML of the file's own: it would be shown as text. Links are left to the page that shows them.
const markdown = new MarkdownIt({ html: false, linkify: true, typographer: false });
// Only whole addresses: `README.md` is no site in Moldova.
markdown.linkify.set({ fuzzyLink: false, fuzzyEmail: false });

/** Each heading gets a name, as hosts of repositories give it: links within a page lead there. */
markdown.renderer.rules['heading_open'] = (tokens, at, options, _env, self) => {
  const text = tokens[at + 1]?.children?.map(({ content }) => content).join('') ?? '';
  tokens[at]?.attrSet('id', anchorOf(text));
  return self.renderToken(tokens, at, options);
};

/** Markdown as HTML. It comes from a file and has to be sanitised before it is shown. */
export function renderMarkdown(text: string): string {
  return markdown.render(text);
}

/** `The fixes, one by one` as `the-fixes-one-by-one`. */
export function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/\s+/g, '-');
}
