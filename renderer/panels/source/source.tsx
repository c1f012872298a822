import './source.css';
import { lazy, Suspense, useEffect, useState } from 'react';
import type { Inspection } from '../../../app/service/contract/inspection.ts';
import { useSelector, useWorkbench } from '../../state/workbench.ts';

const SourceEditor = lazy(() => import('./source-editor.tsx'));

export interface Place {
  readonly file: string;
  readonly line: number;
}

/** The model's source, read only: where the task that acted last stands, or a place that was asked for. */
export default function Source() {
  const workbench = useWorkbench();
  const asked = useSelector((state) => state.sourceAt);
  const inspection = useSelector((state) => state.inspection?.value ?? null);
  const selected = useSelector((state) => state.selectedTask);
  const cursor = useSelector((state) => state.cursor);
  const place = asked ?? placeOf(inspection, selected);
  const [text, setText] = useState<{ file: string; text: string } | null>(null);
  const file = place?.file ?? null;

  // The cursor moved on: the source follows it again.
  useEffect(() => workbench.set({ sourceAt: null }), [workbench, cursor]);
  useEffect(() => {
    let current = true;
    if (file === null) return;
    workbench.attempt(
      workbench.host.call('source/read', { file }).then((answer) => {
        if (current) setText({ file, text: answer.text });
      }),
    );
    return () => {
      current = false;
    };
  }, [workbench, file]);

  if (place === null) {
    return (
      <div className="empty">
        The modelled kernel&apos;s source stands here, at the line that the task is on.
      </div>
    );
  }
  return (
    <>
      <div className="panel-bar">
        <code>
          {place.file}:{place.line}
        </code>
        <span className="dim">F9 stops at the function of the line</span>
      </div>
      <div className="panel-body source-body">
        {text?.file === place.file && (
          <Suspense fallback={<pre className="editor-waiting">{text.text}</pre>}>
            <SourceEditor place={place} text={text.text} marks={marksIn(inspection, place.file)} />
          </Suspense>
        )}
      </div>
    </>
  );
}

/** Where the task that matters stands: its innermost function whose source is known. */
function placeOf(inspection: Inspection | null, selected: number | null): Place | null {
  if (inspection === null) return null;
  const id = selected ?? inspection.lastTask;
  const frames = inspection.tasks.find((task) => task.id === id)?.stack ?? [];
  const frame = frames.find(({ file }) => file !== null);
  const file = frame?.file ?? null;
  return file === null ? null : { file, line: frame?.line ?? 1 };
}

/** The tasks that stand in a file, by line. */
function marksIn(inspection: Inspection | null, file: string): readonly { line: number; text: string }[] {
  return (inspection?.tasks ?? []).flatMap(({ comm, pid, stack }) => {
    const frame = stack.find((candidate) => candidate.file === file);
    const line = frame?.line ?? null;
    return line === null ? [] : [{ line, text: `${comm}-${pid}` }];
  });
}
