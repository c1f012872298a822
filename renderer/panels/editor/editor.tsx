import './editor.css';
import { lazy, Suspense } from 'react';
import { isDirty } from '../../state/documents.ts';
import { useSelector, useWorkbench } from '../../state/workbench.ts';
import { Icon } from '../../widgets/icon.tsx';

const CodeEditor = lazy(() => import('./code-editor.tsx'));
const DiffEditor = lazy(() => import('./diff-editor.tsx'));
const MarkdownPage = lazy(() => import('./markdown/markdown-page.tsx'));

/** The open files in tabs, and the one that is edited. */
export default function Editor() {
  const active = useSelector(({ activeDocument, documents }) =>
    activeDocument === null ? null : (documents.get(activeDocument) ?? null),
  );
  const diff = useSelector((state) => state.diff);
  const asText = useSelector(
    ({ activeDocument, asText }) => activeDocument !== null && asText.has(activeDocument),
  );
  if (active === null) return <NothingOpen />;
  const page = active.path.endsWith('.md') && !asText;
  return (
    <>
      <Tabs />
      <div className="panel-body editor-body">
        {/* The text is there at once; the editor takes a moment to load. */}
        <Suspense fallback={<pre className="editor-waiting">{active.text}</pre>}>
          {diff?.path === active.path ? (
            <DiffEditor path={active.path} other={diff.other} />
          ) : page ? (
            <MarkdownPage path={active.path} text={active.text} />
          ) : (
            <CodeEditor />
          )}
        </Suspense>
      </div>
    </>
  );
}

function NothingOpen() {
  const workbench = useWorkbench();
  return (
    <div className="empty">
      <p>No file is open.</p>
      {!workbench.isViewer && (
        <button onClick={() => workbench.set({ paletteOpen: 'files' })}>
          <Icon name="go-to-file" /> Open a scenario
        </button>
      )}
    </div>
  );
}

function Tabs() {
  const workbench = useWorkbench();
  const documents = useSelector((state) => state.documents);
  const active = useSelector((state) => state.activeDocument);
  return (
    <div className="panel-bar editor-tabs" role="group" aria-label="Open files">
      {[...documents.values()].map((document) => {
        const { path, readOnly } = document;
        const name = path.split('/').slice(-2).join('/');
        const dirty = isDirty(document);
        return (
          <span key={path} className="editor-tab" data-active={path === active}>
            <button
              aria-current={path === active}
              className="quiet"
              title={readOnly ? `${path}: bundled; saving it makes a copy in your files` : path}
              onClick={() => workbench.documents.activate(path)}
            >
              {readOnly && <Icon name="lock" />}
              {name}
              {dirty && (
                <span title="not saved" aria-label="not saved">
                  ●
                </span>
              )}
            </button>
            <button
              className="icon quiet"
              aria-label={`Close ${name}`}
              onClick={() => workbench.documents.close(path)}
            >
              <Icon name="close" />
            </button>
          </span>
        );
      })}
      {active?.endsWith('.md') === true && (
        <>
          <span className="spring" />
          <button
            className="icon quiet"
            aria-label="Show as page or as text"
            title="Show as page or as text (Alt+M)"
            onClick={() => workbench.documents.togglePage(active)}
          >
            <Icon name="open-preview" />
          </button>
        </>
      )}
    </div>
  );
}
