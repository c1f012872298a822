import type { Breakpoint, SeekTarget } from '../../app/service/contract/runs.ts';
import type { TraceData } from '../../app/service/contract/trace.ts';
import type { LogLine } from '../../app/service/contract/runs.ts';
import { withEntry, withoutEntry, type RunEntry } from './state.ts';
import type { Workbench } from './workbench.ts';

/** Runs, and the one cursor that everything follows. */
export class Runs {
  private readonly followed = new Map<string, () => void>();
  private wanted: { run: string; step: number } | null = null;
  private inspecting = false;
  private player: ReturnType<typeof setInterval> | null = null;

  constructor(private readonly workbench: Workbench) {}

  async begin(): Promise<void> {
    const { runs } = await this.workbench.host.call('run/list', {});
    for (const summary of runs) {
      this.put({ id: summary.id, state: 'done', title: summary.title, summary });
    }
  }

  /** Runs the active scenario with the settings of the kernel panel. */
  async start(): Promise<void> {
    const { state, host, kernels } = this.workbench;
    const document = state.activeDocument === null ? undefined : state.documents.get(state.activeDocument);
    if (document === undefined) {
      this.workbench.toast('info', 'Open a scenario first', 'Ctrl+P lists them.');
      return;
    }
    if (document.path.endsWith('.replay')) {
      await this.replay(document.text, document.path);
      return;
    }
    const { id } = await host.call('run/start', {
      text: document.text,
      path: document.path,
      overrides: kernels.overrides,
      seed: state.settings.seed,
    });
    this.follow(id, document.path);
  }

  async replay(text: string, path: string): Promise<void> {
    const { id } = await this.workbench.host.call('run/replay', { text, path });
    this.follow(id, path);
  }

  /** Runs again what a guest did until now, with everything recorded. */
  async ofGuest(guest: string): Promise<void> {
    const { id } = await this.workbench.host.call('run/guest', { guest });
    this.follow(id, 'console session');
  }

  /** Opens a trace of a real kernel. */
  async importTrace(text: string, path: string): Promise<void> {
    const { id } = await this.workbench.host.call('run/import', { text, path });
    this.follow(id, path);
  }

  async stop(): Promise<void> {
    this.pause();
    for (const run of this.workbench.state.runs.values()) {
      if (run.state === 'running') await this.workbench.host.call('run/cancel', { id: run.id });
    }
  }

  async close(id: string): Promise<void> {
    const { workbench } = this;
    this.followed.get(id)?.();
    this.followed.delete(id);
    const { runs, traces, logs, activeRun, otherRun, inspection } = workbench.state;
    const rest = withoutEntry(runs, id);
    workbench.set({
      runs: rest,
      traces: withoutEntry(traces, id),
      logs: withoutEntry(logs, id),
      inspection: inspection?.run === id ? null : inspection,
      otherRun: otherRun === id ? null : otherRun,
    });
    if (activeRun === id) this.activate([...rest.keys()].at(-1) ?? null);
    await workbench.host.call('run/close', { id });
  }

  /** Makes a run the one that the panels show. */
  activate(id: string | null): void {
    const { workbench } = this;
    this.pause();
    workbench.set({ activeRun: id, cursor: null, inspection: null, lastStep: '' });
    const run = id === null ? undefined : workbench.state.runs.get(id);
    if (run?.state !== 'done' || run.summary.steps === null) return;
    // A report is what people came for; without one, the end.
    const report = run.summary.reports.at(0);
    this.moveTo(report?.step ?? run.summary.steps);
  }

  /** Moves the cursor; the inspection follows as fast as it can. */
  moveTo(step: number): void {
    const { workbench } = this;
    const { activeRun, runs } = workbench.state;
    const run = activeRun === null ? undefined : runs.get(activeRun);
    if (run?.state !== 'done' || run.summary.steps === null) return;
    const inside = Math.max(0, Math.min(step, run.summary.steps));
    workbench.set({ cursor: inside });
    this.wanted = { run: run.id, step: inside };
    if (!this.inspecting) workbench.attempt(this.inspect());
    workbench.sharing.changed();
  }

  /** Goes to the next place of a kind, or the one before. */
  async seek(direction: 'forward' | 'back', target: SeekTarget): Promise<boolean> {
    const { workbench } = this;
    const { activeRun, cursor, breakpoints } = workbench.state;
    if (activeRun === null || cursor === null) return false;
    const { step, why } = await workbench.host.call('run/seek', {
      id: activeRun,
      from: cursor,
      direction,
      target,
      breakpoints: [...breakpoints],
    });
    workbench.set({ lastStep: why });
    if (step === null || workbench.state.activeRun !== activeRun) return false;
    this.moveTo(step);
    return true;
  }

  /** The task that steps follow: the selected one, or whoever acted last. */
  get steppingTask(): number | null {
    const { selectedTask, inspection } = this.workbench.state;
    return selectedTask ?? inspection?.value.lastTask ?? null;
  }

  play(): void {
    if (this.player !== null) {
      this.pause();
      return;
    }
    this.workbench.set({ playing: true });
    let busy = false;
    const tick = async (): Promise<void> => {
      if (busy) return;
      busy = true;
      const moved = await this.seek('forward', {
        kind: 'operation',
        task: this.workbench.state.selectedTask,
      });
      busy = false;
      if (!moved) this.pause();
    };
    this.player = setInterval(
      () => this.workbench.attempt(tick()),
      1000 / this.workbench.state.settings.playSpeed,
    );
  }

  pause(): void {
    if (this.player !== null) clearInterval(this.player);
    this.player = null;
    if (this.workbench.state.playing) this.workbench.set({ playing: false });
  }

  toggleBreakpoint(breakpoint: Omit<Breakpoint, 'enabled'>): void {
    const { breakpoints } = this.workbench.state;
    const same = ({ kind, what }: Breakpoint) => kind === breakpoint.kind && what === breakpoint.what;
    const rest = breakpoints.filter((other) => !same(other));
    const next = rest.length < breakpoints.length ? rest : [...rest, { ...breakpoint, enabled: true }];
    this.setBreakpoints(next);
  }

  setBreakpoints(breakpoints: readonly Breakpoint[]): void {
    this.workbench.set({ breakpoints });
    this.workbench.attempt(
      this.workbench.host.call('state/write', { key: 'breakpoints', value: breakpoints }),
    );
  }

  /** The columns of a run's trace; asked for once. */
  async trace(id: string): Promise<TraceData> {
    const { workbench } = this;
    const known = workbench.state.traces.get(id);
    if (known !== undefined) return known;
    const trace = await workbench.host.call('run/trace', { id });
    if (workbench.state.runs.has(id)) {
      workbench.set({ traces: withEntry(workbench.state.traces, id, trace) });
    }
    return trace;
  }

  async log(id: string): Promise<readonly LogLine[]> {
    const { workbench } = this;
    const known = workbench.state.logs.get(id);
    if (known !== undefined) return known;
    const { lines } = await workbench.host.call('run/log', { id });
    if (workbench.state.runs.has(id)) workbench.set({ logs: withEntry(workbench.state.logs, id, lines) });
    return lines;
  }

  follow(id: string, title: string): void {
    const { workbench } = this;
    this.put({ id, state: 'running', title, steps: 0, nowNs: 0 });
    workbench.set({ activeRun: id, cursor: null, inspection: null });
    const stop = workbench.host.subscribe(
      'run/state',
      { id },
      (event) => {
        if (!workbench.state.runs.has(id)) return;
        switch (event.state) {
          case 'running':
            this.put({ id, state: 'running', title, steps: event.steps, nowNs: event.nowNs });
            break;
          case 'done':
            this.put({ id, state: 'done', title: event.summary.title, summary: event.summary });
            if (workbench.state.activeRun === id) this.activate(id);
            stop();
            break;
          case 'failed':
            this.put({ id, state: 'failed', title, message: event.message, fix: event.fix });
            workbench.toast('error', event.message, event.fix);
            stop();
            break;
        }
      },
      (error) => workbench.report(error),
    );
    this.followed.set(id, stop);
  }

  private put(run: RunEntry): void {
    this.workbench.set({ runs: withEntry(this.workbench.state.runs, run.id, run) });
  }

  /** One inspection at a time; steps that were passed meanwhile are left out. */
  private async inspect(): Promise<void> {
    this.inspecting = true;
    try {
      while (this.wanted !== null) {
        const { run, step } = this.wanted;
        this.wanted = null;
        const value = await this.workbench.host.call('run/inspect', { id: run, step });
        if (this.workbench.state.activeRun === run) this.workbench.set({ inspection: { run, value } });
      }
    } finally {
      this.inspecting = false;
    }
  }
}
