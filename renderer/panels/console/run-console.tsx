import { useEffect, useRef, useState } from 'react';
import type { Result } from '../../../app/service/contract/contract.ts';
import { useSelector, useWorkbench } from '../../state/workbench.ts';

type Lines = Result<'run/console'>['lines'];

/** What the console of a run has shown at the cursor; what it shows later is dimmed. */
export function RunConsole({ id }: { id: string }) {
  const workbench = useWorkbench();
  const cursor = useSelector((state) => state.cursor);
  const [lines, setLines] = useState<Lines>([]);
  const current = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    let wanted = true;
    workbench.attempt(
      workbench.host.call('run/console', { id }).then((answer) => {
        if (wanted) setLines(answer.lines);
      }),
    );
    return () => {
      wanted = false;
    };
  }, [workbench, id]);
  const last = lines.findLastIndex(({ step }) => cursor === null || step <= cursor);
  useEffect(() => {
    // Newer browsers answer with a promise, which is no clean-up.
    current.current?.scrollIntoView({ block: 'nearest' });
  }, [last]);
  if (lines.length === 0) return <div className="empty">The console of this run has shown nothing.</div>;
  return (
    <div className="run-console mono" tabIndex={0} role="log" aria-label="Console of the run">
      {lines.map(({ text, step }, index) => (
        <button
          key={index}
          ref={index === last ? current : null}
          data-later={index > last}
          data-current={index === last}
          title={`Go to step ${step}`}
          onClick={() => workbench.runs.moveTo(step)}
        >
          {text === '' ? ' ' : text}
        </button>
      ))}
    </div>
  );
}
