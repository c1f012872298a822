import { useEffect, useRef, useState } from 'react';
import { useSelector, useWorkbench } from '../../state/workbench.ts';
import { Icon } from '../../widgets/icon.tsx';
import { languageOf } from './models.ts';
import { editorOptions, fontSize, monaco } from './monaco.ts';

interface Props {
  readonly path: string;
  /** The file on the left; null for what is saved of the one on the right. */
  readonly other: string | null;
}

/** Two texts side by side, to be read: what differs is marked, what does not is folded. */
export default function DiffEditor({ path, other }: Props) {
  const workbench = useWorkbench();
  const host = useRef<HTMLDivElement>(null);
  const editor = useRef<monaco.editor.IStandaloneDiffEditor | null>(null);
  const document = useSelector((state) => state.documents.get(path));
  const zoom = useSelector((state) => state.settings.zoom);
  const presenting = useSelector((state) => state.settings.presenting);
  const left = useLeft(path, other);
  const right = document?.text ?? '';
  const close = () => workbench.set({ diff: null });

  useEffect(() => {
    if (host.current === null) return;
    const made = monaco.editor.createDiffEditor(host.current, {
      ...editorOptions,
      readOnly: true,
      originalEditable: false,
      renderSideBySide: true,
      useInlineViewWhenSpaceIsLimited: true,
      hideUnchangedRegions: { enabled: true },
      ariaLabel: 'Comparison',
    });
    editor.current = made;
    return () => {
      editor.current = null;
      made.dispose();
    };
  }, []);

  useEffect(() => {
    editor.current?.updateOptions({ fontSize: fontSize(zoom, presenting) });
  }, [zoom, presenting]);

  useEffect(() => {
    const shown = editor.current;
    if (shown === null || left === null) return;
    const models = {
      original: monaco.editor.createModel(left, languageOf(other ?? path)),
      modified: monaco.editor.createModel(right, languageOf(path)),
    };
    shown.setModel(models);
    return () => {
      // The editor may be gone already, with its own hold on the models.
      if (editor.current === shown) shown.setModel(null);
      models.original.dispose();
      models.modified.dispose();
    };
  }, [left, right, other, path]);

  return (
    <div
      className="editor-diff"
      onKeyDown={({ key }) => {
        if (key === 'Escape') close();
      }}
    >
      <div className="panel-bar" role="group" aria-label="Comparison">
        <span>{other ?? 'saved'}</span>
        <Icon name="arrow-both" />
        <span>{path}</span>
        {left === right && <span className="dim">no differences</span>}
        <span className="spring" />
        <button
          className="icon quiet"
          aria-label="Difference before"
          title="Difference before"
          onClick={() => editor.current?.goToDiff('previous')}
        >
          <Icon name="arrow-up" />
        </button>
        <button
          className="icon quiet"
          aria-label="Next difference"
          title="Next difference"
          onClick={() => editor.current?.goToDiff('next')}
        >
          <Icon name="arrow-down" />
        </button>
        <button onClick={close}>Back to the file</button>
      </div>
      <div ref={host} className="editor-host" />
    </div>
  );
}

/** The text on the left; null until it is known. An open file counts as it is typed, another one as it is saved. */
function useLeft(path: string, other: string | null): string | null {
  const workbench = useWorkbench();
  const open = useSelector(({ documents }) =>
    other === null ? documents.get(path)?.saved : documents.get(other)?.text,
  );
  const [read, setRead] = useState<{ readonly path: string; readonly text: string } | null>(null);
  const wanted = open === undefined ? other : null;
  useEffect(() => {
    if (wanted === null) return;
    const asked = workbench.host.call('file/read', { path: wanted });
    workbench.attempt(asked.then(({ text, draft }) => setRead({ path: wanted, text: draft ?? text })));
  }, [workbench, wanted]);
  return open ?? (read?.path === other ? read.text : null);
}
