import { describe, expect, test } from 'vitest';
import { targetOf } from './links.ts';
import { anchorOf, renderMarkdown } from './render.ts';

const from = 'bundled/kvm-oom/README.md';

describe('links of Markdown files', () => {
  test.each([
    ['reap.yaml', 'bundled/kvm-oom/reap.yaml', ''],
    ['../fork-swapoff/README.md#the-race', 'bundled/fork-swapoff/README.md', 'the-race'],
    ['./a%20b.yaml', 'bundled/kvm-oom/a b.yaml', ''],
  ])('%s is a file beside it', (link, path, anchor) => {
    expect(targetOf(link, from)).toEqual({ kind: 'file', path, anchor });
  });

  test('never lead out of the folders of the workbench', () => {
    for (const link of ['../../docs/search.md', '../../../etc/passwd', '%2e%2e/%2e%2e/x']) {
      expect(targetOf(link, from)).toEqual({ kind: 'nowhere' });
    }
  });

  test('go to the web by https only', () => {
    expect(targetOf('https://lore.kernel.org/', from)).toEqual({
      kind: 'web',
      url: 'https://lore.kernel.org/',
    });
    for (const link of [
      'http://x/',
      'javascript:alert(1)',
      'file:///etc/passwd',
      '//x/y',
      'data:text/html,x',
    ]) {
      expect(targetOf(link, from)).toEqual({ kind: 'nowhere' });
    }
  });

  test('lead to headings', () => {
    expect(targetOf('#the-race', from)).toEqual({ kind: 'anchor', anchor: 'the-race' });
    expect(anchorOf('The `race`, in v6.12')).toBe('the-race-in-v612');
    expect(renderMarkdown('## The `race`')).toContain('<h2 id="the-race">');
  });
});

test('Markdown holds no markup of its own', () => {
  const html = renderMarkdown('<script>alert(1)</script> [x](javascript:alert(1)) README.md <img src=x>');
  expect(html).not.toMatch(/<script|<img|href="javascript|<a/);
});
