import './tasks.css';
import type { InspectedTask, Inspection } from '../../../app/service/contract/inspection.ts';
import { useSelector, useWorkbench } from '../../state/workbench.ts';
import { Icon } from '../../widgets/icon.tsx';
import { WithInspection } from '../use-inspection.tsx';
import { contextWords } from './context-words.ts';

const STATE_ICONS: Readonly<Record<InspectedTask['state'], string>> = {
  running: 'play-circle',
  runnable: 'circle-large-outline',
  blocked: 'circle-slash',
  sleeping: 'watch',
  stopped: 'debug-pause',
  ended: 'check',
};

/** Every task at the cursor: what it does, where it stands, what it holds and waits for. */
export default function Tasks() {
  return (
    <div className="panel-body">
      <WithInspection show={(inspection) => <TaskList inspection={inspection} />} />
    </div>
  );
}

function TaskList({ inspection }: { inspection: Inspection }) {
  const { tasks, lastTask } = inspection;
  const rank = ({ id, state }: InspectedTask) =>
    id === lastTask ? 0 : state === 'ended' ? 3 : state === 'sleeping' ? 2 : 1;
  const sorted = [...tasks].sort((a, b) => rank(a) - rank(b) || a.pid - b.pid || a.id - b.id);
  const names = new Map(tasks.map(({ id, comm, pid }) => [id, `${comm}-${pid}`]));
  return (
    <ul className="tasks">
      {sorted.map((task) => (
        <TaskItem key={task.id} task={task} acted={task.id === lastTask} names={names} />
      ))}
    </ul>
  );
}

interface ItemProps {
  readonly task: InspectedTask;
  readonly acted: boolean;
  readonly names: ReadonlyMap<number, string>;
}

function TaskItem({ task, acted, names }: ItemProps) {
  const workbench = useWorkbench();
  const selected = useSelector((state) => state.selectedTask === task.id);
  const context = contextWords(task);
  return (
    <li data-state={task.state} data-selected={selected}>
      <details open={acted || selected || task.state === 'blocked'}>
        <summary>
          <Icon name={STATE_ICONS[task.state]} />
          <strong>
            {task.comm}-{task.pid}
          </strong>
          <span className="badge" title="The state letter of ps">
            {task.letter} {task.state}
          </span>
          {task.cpu !== null && <span className="badge">CPU {task.cpu}</span>}
          {acted && <span className="badge good">acted last</span>}
        </summary>
        {task.waitsFor !== null && (
          <p className="warn">
            waits for {task.waitsFor}
            {task.waitsForTasks.length > 0 &&
              `, which ${task.waitsForTasks.map((id) => names.get(id) ?? `task ${id}`).join(', ')} could give`}
          </p>
        )}
        {task.next !== null && <p className="dim">next: {task.next}</p>}
        {context.length > 0 && (
          <p className="tasks-context">
            {context.map((word) => (
              <span key={word} className="badge warn">
                {word}
              </span>
            ))}
          </p>
        )}
        <Stack task={task} />
        {task.held.length > 0 && (
          <>
            <h4>Held locks</h4>
            <ol className="mono">
              {task.held.map((lock, index) => (
                <li key={index}>
                  {lock.name} {lock.mode === 'shared' && '(shared)'}{' '}
                  <span className="dim">in {lock.function}</span>
                </li>
              ))}
            </ol>
          </>
        )}
      </details>
      <button
        className="quiet tasks-follow"
        aria-pressed={selected}
        title="Steps follow this task alone"
        onClick={() => workbench.set({ selectedTask: selected ? null : task.id })}
      >
        <Icon name="target" /> {selected ? 'followed' : 'follow'}
      </button>
    </li>
  );
}

function Stack({ task }: { task: InspectedTask }) {
  const workbench = useWorkbench();
  if (task.stack.length === 0) return null;
  return (
    <ol className="tasks-stack mono" aria-label={`Stack of ${task.comm}`}>
      {task.stack.map((frame, index) => (
        <li key={index}>
          {frame.file === null ? (
            frame.function
          ) : (
            <button
              className="link mono"
              title={`${frame.file}:${frame.line ?? 1}`}
              onClick={() => {
                workbench.set({ sourceAt: { file: frame.file ?? '', line: frame.line ?? 1 } });
                workbench.layout?.show('source');
              }}
            >
              {frame.function}
            </button>
          )}
        </li>
      ))}
    </ol>
  );
}
