import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { runScript } from '../testing/guest.ts';

/** A script with what bash 5.2 made of it as the file `x.sh`: output and errors together, and the exit status. */
interface Capture {
  readonly script: string;
  readonly output: string;
  readonly status: number;
}

const captures = JSON.parse(
  readFileSync(new URL('testing/bash-5.2.json', import.meta.url), 'utf8'),
) as readonly Capture[];

const PER_GUEST = 18;
const groups = Array.from({ length: Math.ceil(captures.length / PER_GUEST) }, (_, i) =>
  captures.slice(i * PER_GUEST, (i + 1) * PER_GUEST),
);

/** Runs scripts one after the other in one guest, each in a shell of its own. */
function run(scripts: readonly string[]): Omit<Capture, 'script'>[] {
  const source = scripts.map(
    (script) => `cat > x.sh <<'END OF SCRIPT'\n${script}\nEND OF SCRIPT\nbash x.sh\necho "=== $?"\n`,
  );
  const { console: shown } = runScript(`cd /root\n${source.join('')}`);
  const parts = shown.split(/=== (\d+)\n/);
  return scripts.map((_, i) => ({ output: parts[2 * i], status: Number(parts[2 * i + 1]) }));
}

test.each(groups.map((group) => [group[0].script, group] as const))(
  'scripts print and end as under bash: %j and those after it',
  (_name, group) => {
    const mine = run(group.map(({ script }) => script));
    expect(group.map(({ script }, i) => ({ script, ...mine[i] }))).toEqual(group);
  },
);
