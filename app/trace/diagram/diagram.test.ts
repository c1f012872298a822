import { describe, expect, test } from 'vitest';
import type { Diagram, DiagramLine, Explanation } from './explanation.ts';
import { WIDTH, wrap } from './plain.ts';
import { render } from './render.ts';
import { diagramLines } from './text.ts';

const line = (actor: number, text: string, depth = 0, note = ''): DiagramLine => ({
  actor,
  depth,
  text,
  note,
  wakes: null,
});

function diagram(actors: number, lines: readonly DiagramLine[], mark = 'BUG'): Diagram {
  return {
    actors: Array.from({ length: actors }, (_, i) => ({ label: `CPU${i}`, name: `task/${i}` })),
    lines,
    mark: { actor: actors - 1, text: mark },
  };
}

describe('the columns', () => {
  test('stand as far apart as the lines are long, and four more', () => {
    expect(
      diagramLines(diagram(2, [line(0, 'lock(aaaaaaaaaaaa)'), line(1, 'f()'), line(1, 'g()', 1)])),
    ).toEqual([
      '  CPU0                  CPU1',
      '  task/0                task/1',
      '  ------                ------',
      '  lock(aaaaaaaaaaaa)',
      '                        f()',
      '                          g()',
      '                        BUG',
    ]);
  });

  test('give way to long lines on the right, and the left ones run on', () => {
    const left = 'x'.repeat(40);
    const right = 'y'.repeat(50);
    const drawn = diagramLines(diagram(2, [line(0, left), line(1, right)]));
    expect(drawn.slice(3)).toEqual([`  ${left}`, `${' '.repeat(22)}${right}`, `${' '.repeat(22)}BUG`]);
  });

  test('of more than three actors become letters', () => {
    const lines = [0, 1, 2, 3].map((actor) => line(actor, `f${actor}()`));
    expect(diagramLines(diagram(4, lines))).toEqual([
      '  A: CPU0, task/0',
      '  B: CPU1, task/1',
      '  C: CPU2, task/2',
      '  D: CPU3, task/3',
      '',
      '  A: f0()',
      '  B: f1()',
      '  C: f2()',
      '  D: f3()',
      '  D: BUG',
    ]);
  });

  test('never leave the page, whatever stands in them', () => {
    const texts = ['a'.repeat(200), 'word '.repeat(60).trim(), ''];
    for (const actors of [1, 2, 3, 4, 9]) {
      const lines = texts.flatMap((text, i) =>
        Array.from({ length: actors }, (_, actor) => line(actor, text, i * 3, text)),
      );
      for (const drawn of diagramLines(diagram(actors, lines, 'm'.repeat(150)))) {
        expect(drawn.length).toBeLessThanOrEqual(WIDTH);
      }
    }
  });

  test('a comment that has no room behind its line stands below it', () => {
    const drawn = diagramLines(diagram(1, [line(0, 'f'.repeat(50), 0, 'what a reader should know')]));
    expect(drawn.slice(3)).toEqual([`  ${'f'.repeat(50)}`, '      /* what a reader should know */', '  BUG']);
  });
});

test('words are broken only where a line is too short for them', () => {
  expect(wrap('aa bb cc', 5)).toEqual(['aa bb', 'cc']);
  expect(wrap('aaaaaaa b', 4, 1)).toEqual(['aaaa', ' aaa', ' b']);
  expect(wrap('', 5)).toEqual(['']);
});

describe('names of strangers', () => {
  const EVIL =
    '</td><script>alert(1)</script> ``` # end; */ \u001b[2J\u202e\n--- %%{init: 1}%% [x](y) @me "q"';
  const explanation: Explanation = {
    title: EVIL,
    diagram: {
      actors: [{ label: EVIL, name: EVIL }],
      lines: [line(0, EVIL, 1, EVIL), { ...line(0, EVIL), wakes: 0 }],
      mark: { actor: 0, text: EVIL },
    },
    sections: [{ heading: EVIL, text: [EVIL], items: [{ label: EVIL, text: EVIL }] }],
  };

  test.each(['text', 'markdown', 'html', 'mermaid'] as const)(
    'move no cursor and turn no line: %s',
    (format) => {
      // eslint-disable-next-line no-control-regex -- these must not be there
      expect(render(explanation, format)).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202a-\u202e]/);
    },
  );

  test('stay text in HTML', () => {
    expect(render(explanation, 'html')).not.toContain('<script');
  });

  test('do not close the code block of Markdown, and make no links there', () => {
    const markdown = render(explanation, 'markdown');
    const fences = markdown.split('\n').filter((each) => /^`{4,}$/.test(each));
    expect(fences).toHaveLength(2);
    expect(markdown.split('````')[2]).not.toMatch(/[^\\]\[x\]\(|<script|@me/);
  });

  test('end no statement of Mermaid', () => {
    for (const each of render(explanation, 'mermaid').split('\n').slice(2)) {
      expect(each.replaceAll(/#\d+;/g, '')).not.toMatch(/[;#%{}[\]"`]|\bend\b|<(?!br\/>)/);
    }
  });

  test('begin no line that git would cut at', () => {
    for (const each of render(explanation, 'text').split('\n').slice(1))
      expect(each).not.toMatch(/^(?:---|#)/);
  });
});
