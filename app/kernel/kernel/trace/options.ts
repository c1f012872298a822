/** Options of tracing, in the order in which `trace_options` lists them, with what holds at boot. */
export const TRACE_OPTIONS: readonly (readonly [name: string, on: boolean])[] = [
  ['print-parent', true],
  ['sym-offset', false],
  ['sym-addr', false],
  ['annotate', true],
  ['context-info', true],
  ['latency-format', false],
  ['record-cmd', true],
  ['record-tgid', false],
  ['overwrite', true],
  ['irq-info', true],
  ['markers', true],
  ['pause-on-trace', false],
  ['function-trace', true],
  ['display-graph', false],
  ['stacktrace', false],
];

/** Options of a tracer: listed while it is the current one, and always in `options/`. */
export const TRACER_OPTIONS: Readonly<Record<string, readonly (readonly [name: string, on: boolean])[]>> = {
  function: [['func_stack_trace', false]],
  function_graph: [
    ['funcgraph-overrun', false],
    ['funcgraph-cpu', true],
    ['funcgraph-overhead', true],
    ['funcgraph-proc', false],
    ['funcgraph-duration', true],
    ['funcgraph-abstime', false],
    ['funcgraph-tail', false],
  ],
};

export const TRACERS = ['function_graph', 'function', 'nop'] as const;
export type TracerName = (typeof TRACERS)[number];

export const TRACE_CLOCKS = ['local', 'global', 'uptime', 'perf', 'mono', 'mono_raw', 'boot', 'tai'];
