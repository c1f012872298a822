import { describe, expect, test } from 'vitest';
import { catalogue } from '../scenario/catalogue.ts';
import { loadScenario } from '../scenario/load.ts';
import { resolve } from '../scenario/resolve.ts';
import { runOnce } from '../scenario/run.ts';
import { SessionRecording } from './recording.ts';
import { planFor, TestConsole } from './testing/console.ts';

/** The scenario that a session became, and a run of it. */
function rerun(console: TestConsole) {
  const text = console.session.recording.scenario('a test');
  const loaded = loadScenario(text, 'recorded.yaml');
  if (!loaded.ok) throw new Error(`${text}\n${JSON.stringify(loaded.issues)}`);
  return { text, run: runOnce(resolve(loaded.value, loaded.source, catalogue), { seed: 1 }) };
}

describe('what was typed becomes a scenario', () => {
  test('that meets the same report', async () => {
    const console = await TestConsole.open();
    console.line('./simple_kvm &', 1_500);
    console.line('echo $! | sudo tee /sys/kernel/debug/oom_reap_task', 500);
    const { text, run } = rerun(console);
    expect(text).toContain('    ./simple_kvm &\n    sleep 1.5\n    echo $! | sudo tee');
    expect(text).toContain('BUG: sleeping function called from invalid context in kvm_mmu_notifier');
    expect(run.met).toBe(true);
    expect(run.titles).toHaveLength(1);
  });

  test('on the same kernel', async () => {
    const patch = 'mmu-notifier-async-oom-v2';
    const plan = planFor({ patch, seed: 7, append: ['hung_task_panic=1'] });
    const console = await TestConsole.open({ plan });
    console.line('./simple_kvm &', 500);
    console.line('echo $! > /sys/kernel/debug/oom_reap_task', 500);
    const { text, run } = rerun(console);
    expect(text).toContain(`patches: [${patch}]`);
    expect(text).toContain("append: ['hung_task_panic=1', 'mem=1024M']");
    expect(run.titles).toEqual([]);
    expect(run.met).toBe(true);
  });

  test('with Ctrl-C as a signal', async () => {
    const console = await TestConsole.open();
    console.line('sleep 100', 2_000);
    console.type('\x03');
    console.line(`echo "it's over"`);
    const { text, run } = rerun(console);
    expect(text).toMatch(/ {4}sleep 100 &\n {4}sleep 2\n {4}kill -TERM \$!/);
    expect(run.console).toContain("it's over");
    expect(run.outcome.kind).toBe('complete');
    expect(run.timings.runNs).toBeLessThan(10e9);
  });

  test('whatever the commands look like', async () => {
    const console = await TestConsole.open();
    console.line("   echo 'a: b' \t# {x}");
    console.line('for i in 1 2; do\recho "$i"\rdone');
    console.line('exit');
    const { text, run } = rerun(console);
    expect(console.code).toBe(0);
    expect(text).not.toContain('exit');
    expect(run.console).toContain('\na: b\n');
    expect(run.console).toMatch(/\n1\n2\n$/);
  });

  test('and nothing typed is a scenario too', async () => {
    const console = await TestConsole.open();
    expect(rerun(console).run.met).toBe(true);
  });
});

test('what is longer than a scenario takes is refused, with the way out', () => {
  const recording = new SessionRecording(planFor({}));
  for (let i = 0; i < 7; i++) recording.command(`echo ${'x'.repeat(10_000)}`, i);
  expect(() => recording.scenario('long')).toThrow(
    /70042 characters, and a scenario takes 65536: record a shorter/,
  );
});
