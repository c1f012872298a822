import '@xterm/xterm/css/xterm.css';
import { FitAddon } from '@xterm/addon-fit';
import { SearchAddon } from '@xterm/addon-search';
import { WebLinksAddon } from '@xterm/addon-web-links';
import { Terminal } from '@xterm/xterm';
import { useEffect, useRef, useState } from 'react';
import { onTheme } from '../../state/apply-settings.ts';
import { useSelector, useWorkbench } from '../../state/workbench.ts';
import { Icon } from '../../widgets/icon.tsx';
import { terminalTheme } from './terminal-theme.ts';
import { addWebgl } from './webgl.ts';

const RESIZE_MS = 100;

/** xterm on a guest: what it prints is shown, what is typed goes to it. The owner's window sets the size. */
export default function GuestTerminal({ id }: { id: string }) {
  const workbench = useWorkbench();
  const host = useRef<HTMLDivElement>(null);
  const terminal = useRef<Terminal | null>(null);
  const search = useRef<SearchAddon | null>(null);
  const [searching, setSearching] = useState(false);
  const zoom = useSelector((state) => state.settings.zoom);
  const presenting = useSelector((state) => state.settings.presenting);
  const screenReader = useSelector((state) => state.settings.screenReader);

  useEffect(() => {
    const element = host.current;
    if (element === null) return;
    const shown = new Terminal({
      allowProposedApi: true,
      cursorBlink: false,
      disableStdin: workbench.isViewer,
      fontFamily: 'JetBrains Mono, Cascadia Code, Menlo, Consolas, DejaVu Sans Mono, monospace',
      scrollback: 10_000,
      theme: terminalTheme(),
    });
    terminal.current = shown;
    const fit = new FitAddon();
    const finder = new SearchAddon();
    search.current = finder;
    shown.loadAddon(fit);
    shown.loadAddon(finder);
    shown.loadAddon(new WebLinksAddon());
    shown.open(element);
    const dropWebgl = addWebgl(shown);
    shown.attachCustomKeyEventHandler((event) => {
      if (event.type !== 'keydown' || !event.ctrlKey || !event.shiftKey || event.key !== 'F') return true;
      setSearching(true);
      return false;
    });

    const { host: service } = workbench;
    shown.onData((data) => {
      if (!workbench.isViewer) workbench.attempt(service.call('guest/input', { id, data }));
    });
    const stop = service.subscribe('guest/output', { id }, ({ data }) => shown.write(data));
    let timer: ReturnType<typeof setTimeout> | undefined;
    const resize = () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        if (workbench.isViewer || element.clientWidth === 0) return;
        fit.fit();
        workbench.attempt(service.call('guest/resize', { id, cols: shown.cols, rows: shown.rows }));
      }, RESIZE_MS);
    };
    const observer = new ResizeObserver(resize);
    observer.observe(element);
    const stopTheme = onTheme(() => {
      shown.options.theme = terminalTheme();
    });
    shown.focus();
    return () => {
      clearTimeout(timer);
      observer.disconnect();
      stop();
      stopTheme();
      dropWebgl();
      shown.dispose();
      terminal.current = null;
    };
  }, [id, workbench]);

  useEffect(() => {
    const shown = terminal.current;
    if (shown === null) return;
    shown.options.fontSize = Math.round(13 * zoom * (presenting ? 1.35 : 1));
    shown.options.screenReaderMode = screenReader;
  }, [zoom, presenting, screenReader]);

  return (
    <>
      {searching && (
        <Search
          find={(text, back) => (back ? search.current?.findPrevious(text) : search.current?.findNext(text))}
          close={() => {
            setSearching(false);
            terminal.current?.focus();
          }}
        />
      )}
      <div ref={host} className="console-host" data-guest={id} />
    </>
  );
}

interface SearchProps {
  readonly find: (text: string, back: boolean) => void;
  readonly close: () => void;
}

function Search({ find, close }: SearchProps) {
  const [text, setText] = useState('');
  return (
    <div className="console-search popover">
      <input
        autoFocus
        aria-label="Find in the console"
        placeholder="Find"
        value={text}
        onChange={({ target }) => setText(target.value)}
        onKeyDown={({ key, shiftKey }) => {
          if (key === 'Enter') find(text, shiftKey);
          if (key === 'Escape') close();
        }}
      />
      <button className="icon quiet" aria-label="Close the search" onClick={close}>
        <Icon name="close" />
      </button>
    </div>
  );
}
