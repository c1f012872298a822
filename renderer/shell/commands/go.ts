import type { SeekTarget } from '../../../app/service/contract/runs.ts';
import type { Workbench } from '../../state/workbench.ts';
import { hasCursor, type Command } from './command.ts';

type Direction = 'forward' | 'back';
type TargetOf = (workbench: Workbench) => SeekTarget | null;

/** Steps in the way of one task: the selected one, or whoever acted last. */
const ofTask =
  (kind: 'function' | 'return'): TargetOf =>
  ({ runs }) => {
    const task = runs.steppingTask;
    return task === null ? null : { kind, task };
  };

const operation: TargetOf = ({ state }) => ({ kind: 'operation', task: state.selectedTask });
const event: TargetOf = ({ state }) => ({ kind: 'event', task: state.selectedTask });
const aSwitch: TargetOf = () => ({ kind: 'switch' });
const report: TargetOf = () => ({ kind: 'report' });
const breakpoint: TargetOf = () => ({ kind: 'breakpoint' });

/** Id, title, direction, shortcut, icon, target. */
type Row = readonly [string, string, Direction, string, string, TargetOf];

const steps: readonly Row[] = [
  ['into', 'Step to the Next Operation', 'forward', 'F11', 'debug-step-into', operation],
  ['over', 'Step over Calls', 'forward', 'F10', 'debug-step-over', ofTask('function')],
  ['out', 'Step out of the Function', 'forward', 'Shift+F11', 'debug-step-out', ofTask('return')],
  ['event', 'To the Next Trace Event', 'forward', '.', 'symbol-event', event],
  ['switch', 'To the Next Context Switch', 'forward', ']', 'arrow-swap', aSwitch],
  ['report', 'To the Next Report', 'forward', 'F8', 'bug', report],
  ['continue', 'Continue to the Next Breakpoint', 'forward', 'F7', 'debug-continue', breakpoint],
  ['back', 'Step Back to the Operation Before', 'back', '$mod+F11', 'debug-step-back', operation],
  ['back-over', 'Step Back over Calls', 'back', '$mod+F10', 'debug-step-over', ofTask('function')],
  [
    'back-out',
    'Back to the Call of This Function',
    'back',
    '$mod+Shift+F11',
    'debug-step-out',
    ofTask('return'),
  ],
  ['back-event', 'To the Trace Event Before', 'back', ',', 'symbol-event', event],
  ['back-switch', 'To the Context Switch Before', 'back', '[', 'arrow-swap', aSwitch],
  ['back-report', 'To the Report Before', 'back', 'Shift+F8', 'bug', report],
  [
    'back-continue',
    'Back to the Breakpoint Before',
    'back',
    'Shift+F7',
    'debug-reverse-continue',
    breakpoint,
  ],
];

const stepCommands = steps.map(([id, title, direction, keys, icon, targetOf]): Command => ({
  id: `go.${id}`,
  title,
  menu: 'Go',
  section: direction === 'forward' ? 0 : 1,
  icon,
  keys: [keys],
  whileTyping: /^(.*\+)?F\d+$/.test(keys),
  forViewers: true,
  when: hasCursor,
  run: async (workbench) => {
    const target = targetOf(workbench);
    if (target !== null) await workbench.runs.seek(direction, target);
  },
}));

export const goCommands: readonly Command[] = [
  ...stepCommands,
  {
    id: 'go.start',
    title: 'To the Start of the Run',
    menu: 'Go',
    section: 2,
    icon: 'debug-restart',
    keys: ['$mod+Home'],
    forViewers: true,
    when: hasCursor,
    run: ({ runs }) => runs.moveTo(0),
  },
  {
    id: 'go.end',
    title: 'To the End of the Run',
    menu: 'Go',
    section: 2,
    icon: 'debug-line-by-line',
    keys: ['$mod+End'],
    forViewers: true,
    when: hasCursor,
    run: ({ runs }) => runs.moveTo(Number.MAX_SAFE_INTEGER),
  },
];
