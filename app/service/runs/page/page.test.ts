import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'fflate';
import { beforeAll, describe, expect, test } from 'vitest';
import { record } from '../../../debug/record.ts';
import { RunSession } from '../../../debug/session.ts';
import type { TraceData } from '../../../trace/store/trace-data.ts';
import { decodeFrame } from '../../contract/frame.ts';
import { planOfRequest } from '../../scenario/plan.ts';
import { pageOf } from './page.ts';

const root = fileURLToPath(new URL('../../../..', import.meta.url));
const reap = readFileSync(join(root, 'scenarios/kvm-oom/reap.yaml'), 'utf8');
const EVIL = `</title></script><script>alert(1)</script><img src=x onerror=alert(2)>"'&`;

/** A bundle whose script holds what would end it. */
const bundle = { script: "const end = '</script><!--';", style: 'body { margin: 0 }' };

function session(text: string, name: string): RunSession {
  const request = { name, text, overrides: {} };
  const plan = planOfRequest(request, 1);
  const { title } = plan.scenario;
  return new RunSession(record({ plan, seed: 1, clock: 'timed', schedule: null, title }), request);
}

let page: string;
let evil: string;
let run: RunSession;

beforeAll(() => {
  run = session(reap, 'bundled/kvm-oom/reap.yaml');
  page = pageOf(run, bundle);
  const title = JSON.stringify(EVIL);
  evil = pageOf(session(reap.replace(/^title: .*$/m, `title: ${title}`), `user/${EVIL}.yaml`), bundle);
}, 60_000);

describe('an exported session', () => {
  test('tells what happened, how, and with what', () => {
    const splat = 'BUG: sleeping function called from invalid context';
    expect(page).toContain(`<summary><span class="bad">`);
    expect(page.split(splat).length).toBeGreaterThan(3);
    for (const text of ['v6.12, PREEMPT_RT', 'CPU0', 'simple_kvm: vm ready', 'scythe: 1', 'as expected']) {
      expect(page).toContain(text);
    }
    for (const id of [
      'facts',
      'interleaving',
      'timeline',
      'dmesg',
      'events',
      'console',
      'scenario',
      'replay',
    ]) {
      expect(page).toContain(`<section id="${id}">`);
      expect(page).toContain(`<a href="#${id}">`);
    }
  });

  test('holds the replay, to be taken out again', () => {
    const [, data = ''] = /href="data:application\/octet-stream;base64,([^"]*)"/.exec(page) ?? [];
    expect(Buffer.from(data, 'base64').toString('utf8')).toBe(run.replayFile());
  });

  test('holds the trace for its timeline', () => {
    const [, data = ''] = /<script type="text\/plain" id="trace">([^<]*)</.exec(page) ?? [];
    const trace = decodeFrame(gunzipSync(Buffer.from(data, 'base64'))) as TraceData;
    expect(trace.slices).toEqual(run.recording.trace.slices);
    expect(trace.tracks).toEqual(run.recording.trace.tracks);
  });

  test('lets nothing run but its own script, and fetches nothing', () => {
    const [, policy = ''] = /Content-Security-Policy" content="([^"]*)"/.exec(page) ?? [];
    expect(policy).toContain('default-src &#39;none&#39;');
    const scripts = [...page.matchAll(/<script>(.*?)<\/script>/gs)].map(([, content]) => content);
    expect(scripts).toHaveLength(1);
    expect(scripts[0]).not.toContain('<');
    const hash = createHash('sha256').update(scripts[0], 'utf8').digest('base64');
    expect(policy).toContain(`script-src &#39;sha256-${hash}&#39;`);
    expect(page).not.toMatch(/(src|href)="(?!#|data:)/);
    expect(page).not.toMatch(/ style="| on\w+="/);
  });

  test('takes no harm from names that look like markup', () => {
    for (const marker of ['<img', '<script>alert', '</title></script>']) expect(evil).not.toContain(marker);
    expect(evil).toContain('&lt;/title&gt;&lt;/script&gt;&lt;script&gt;alert(1)');
    const count = (text: string, pattern: RegExp) => text.match(pattern)?.length ?? 0;
    for (const tag of [/<script/g, /<\/script>/g, /<title>/g])
      expect(count(evil, tag)).toBe(count(page, tag));
  });

  test('can be read without its script', () => {
    const bare = pageOf(run, null);
    expect(bare).toContain('script-src &#39;none&#39;');
    expect(bare).not.toContain('<script');
    expect(bare).toContain('simple_kvm: vm ready');
  });
});
