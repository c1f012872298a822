import { useEffect, useRef } from 'react';
import { useSelector, useWorkbench } from '../../state/workbench.ts';
import { provideLanguage } from './language/providers.ts';
import { modelOf, uriOf } from './models.ts';
import { editorOptions, fontSize, monaco } from './monaco.ts';

/** Monaco on the active document. Each file has a model of its own, so that undo and the cursor stay with it. */
export default function CodeEditor() {
  const workbench = useWorkbench();
  const host = useRef<HTMLDivElement>(null);
  const editor = useRef<monaco.editor.IStandaloneCodeEditor | null>(null);
  const views = useRef(new Map<string, monaco.editor.ICodeEditorViewState | null>());
  const path = useSelector((state) => state.activeDocument);
  const zoom = useSelector((state) => state.settings.zoom);
  const presenting = useSelector((state) => state.settings.presenting);

  useEffect(() => {
    if (host.current === null) return;
    const made = monaco.editor.create(host.current, { ...editorOptions, ariaLabel: 'Scenario' });
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
    const document = path === null ? undefined : workbench.state.documents.get(path);
    if (shown === null || path === null || document === undefined) return;
    const model = modelOf(path, document.text, document.saved);
    shown.setModel(model);
    shown.updateOptions({ readOnly: workbench.isViewer });
    const view = views.current.get(path);
    if (view !== undefined && view !== null) shown.restoreViewState(view);
    const kept = views.current;
    const typed = model.onDidChangeContent(() => workbench.documents.edit(path, model.getValue()));
    return () => {
      kept.set(path, shown.saveViewState());
      typed.dispose();
    };
  }, [path, workbench]);

  useEffect(() => provideLanguage(workbench), [workbench]);
  useReplacedText(path);
  useDiagnostics(path);
  useClosedModels();

  return <div ref={host} className="editor-host" />;
}

/** Text that came from elsewhere goes into the model as one edit, so that undo brings back what was there. */
function useReplacedText(path: string | null): void {
  const workbench = useWorkbench();
  const revision = useSelector(({ documents }) => (path === null ? 0 : (documents.get(path)?.revision ?? 0)));
  useEffect(() => {
    const document = path === null ? undefined : workbench.state.documents.get(path);
    if (path === null || document === undefined) return;
    const model = modelOf(path, document.text, document.saved);
    if (model.getValue() === document.text) return;
    model.pushEditOperations(null, [{ range: model.getFullModelRange(), text: document.text }], () => null);
  }, [path, revision, workbench]);
}

function useDiagnostics(path: string | null): void {
  const issues = useSelector(({ checks }) => (path === null ? undefined : checks.get(path)?.issues));
  useEffect(() => {
    const model = path === null ? null : monaco.editor.getModel(uriOf(path));
    if (model === null) return;
    const markers = (issues ?? []).map((issue): monaco.editor.IMarkerData => ({
      severity: issue.severity === 'error' ? monaco.MarkerSeverity.Error : monaco.MarkerSeverity.Warning,
      message: issue.fix === null ? issue.message : `${issue.message}\n${issue.fix}`,
      startLineNumber: issue.line,
      startColumn: issue.column,
      endLineNumber: issue.endLine,
      endColumn: issue.endColumn,
    }));
    monaco.editor.setModelMarkers(model, 'scythe', markers);
  }, [path, issues]);
}

/** The model of a file that is closed goes away with it. */
function useClosedModels(): void {
  const documents = useSelector((state) => state.documents);
  useEffect(() => {
    for (const model of monaco.editor.getModels()) {
      const path = model.uri.path.slice(1);
      if (model.uri.scheme === 'scythe' && !documents.has(path)) model.dispose();
    }
  }, [documents]);
}
