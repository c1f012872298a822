import { useEffect, useRef } from 'react';
import { useSelector, useWorkbench } from '../../state/workbench.ts';
import { editorOptions, fontSize, monaco } from '../editor/monaco.ts';
import type { Place } from './source.tsx';

interface Props {
  readonly place: Place;
  readonly text: string;
  readonly marks: readonly { readonly line: number; readonly text: string }[];
}

/** The function that a line of the model belongs to: the nearest `kfunc('name'` above it. */
function functionAt(text: string, line: number): string | null {
  const lines = text.split('\n').slice(0, line);
  for (const candidate of lines.reverse()) {
    const name = /\bkfunc\(\s*'([^']+)'/.exec(candidate)?.[1];
    if (name !== undefined) return name;
  }
  return null;
}

export default function SourceEditor({ place, text, marks }: Props) {
  const workbench = useWorkbench();
  const host = useRef<HTMLDivElement>(null);
  const editor = useRef<monaco.editor.IStandaloneCodeEditor | null>(null);
  const decorations = useRef<monaco.editor.IEditorDecorationsCollection | null>(null);
  const zoom = useSelector((state) => state.settings.zoom);
  const presenting = useSelector((state) => state.settings.presenting);
  const breakpoints = useSelector((state) => state.breakpoints);

  useEffect(() => {
    if (host.current === null) return;
    const made = monaco.editor.create(host.current, {
      ...editorOptions,
      ariaLabel: 'Source of the modelled kernel, read only',
      glyphMargin: true,
      readOnly: true,
      model: monaco.editor.createModel('', 'typescript'),
    });
    editor.current = made;
    decorations.current = made.createDecorationsCollection();
    const toggle = (line: number) => {
      const name = functionAt(made.getModel()?.getValue() ?? '', line);
      if (name !== null) workbench.runs.toggleBreakpoint({ kind: 'function', what: name });
    };
    made.addAction({
      id: 'scythe.breakpoint',
      label: 'Toggle Breakpoint at This Function',
      keybindings: [monaco.KeyCode.F9],
      contextMenuGroupId: 'navigation',
      run: () => toggle(made.getPosition()?.lineNumber ?? 1),
    });
    made.onMouseDown(({ target }) => {
      if (target.type === monaco.editor.MouseTargetType.GUTTER_GLYPH_MARGIN && target.position !== null) {
        toggle(target.position.lineNumber);
      }
    });
    return () => {
      editor.current = null;
      made.getModel()?.dispose();
      made.dispose();
    };
  }, [workbench]);

  useEffect(() => {
    editor.current?.updateOptions({ fontSize: fontSize(zoom, presenting) });
  }, [zoom, presenting]);

  useEffect(() => {
    const model = editor.current?.getModel();
    if (model !== undefined && model !== null && model.getValue() !== text) model.setValue(text);
  }, [text]);

  useEffect(() => {
    editor.current?.revealLineInCenterIfOutsideViewport(place.line);
    editor.current?.setPosition({ lineNumber: place.line, column: 1 });
  }, [place.file, place.line, text]);

  useEffect(() => {
    const lines = text.split('\n');
    const stops = new Set(
      breakpoints.filter(({ kind, enabled }) => kind === 'function' && enabled).map(({ what }) => what),
    );
    const whole = (line: number) => new monaco.Range(line, 1, line, 1);
    decorations.current?.set([
      { range: whole(place.line), options: { isWholeLine: true, className: 'source-current' } },
      ...marks.map(({ line, text: name }) => ({
        range: whole(line),
        options: { isWholeLine: true, after: { content: `  ◂ ${name}`, inlineClassName: 'source-task' } },
      })),
      ...lines.flatMap((line, index) => {
        const name = /\bkfunc\(\s*'([^']+)'/.exec(line)?.[1];
        if (name === undefined || !stops.has(name)) return [];
        const options = {
          glyphMarginClassName: 'source-stop',
          glyphMarginHoverMessage: { value: `Stops in ${name}` },
        };
        return [{ range: whole(index + 1), options }];
      }),
    ]);
  }, [place.line, marks, text, breakpoints]);

  return <div ref={host} className="editor-host" />;
}
