import './markdown-page.css';
import DOMPurify from 'dompurify';
import { useEffect, useRef, type MouseEvent } from 'react';
import type { FileEntry } from '../../../../app/service/contract/workspace.ts';
import { useWorkbench, type Workbench } from '../../../state/workbench.ts';
import { targetOf } from './links.ts';
import { renderMarkdown } from './render.ts';

interface Props {
  readonly path: string;
  readonly text: string;
}

/** A Markdown file as a page. Its links open files in the editor, and the web outside. */
export default function MarkdownPage({ path, text }: Props) {
  const workbench = useWorkbench();
  const page = useRef<HTMLElement>(null);

  useEffect(() => {
    const fragment = DOMPurify.sanitize(renderMarkdown(text), {
      RETURN_DOM_FRAGMENT: true,
      // Pictures would be fetched, and the policy of the page forbids it.
      FORBID_TAGS: ['img', 'style', 'form', 'input'],
      FORBID_ATTR: ['style'],
    });
    linkNames(fragment, path, workbench.state.files);
    page.current?.replaceChildren(fragment);
    page.current?.parentElement?.scrollTo(0, 0);
  }, [text, path, workbench]);

  const follow = (event: MouseEvent) => {
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (link === null) return;
    event.preventDefault();
    open(workbench, link.getAttribute('href') ?? '', path, page.current);
  };
  return (
    <div className="markdown-scroll" tabIndex={0} role="document" aria-label={path}>
      {/* Links inside have the keyboard already: a press of Enter on one is a click. */}
      <article ref={page} className="markdown-page" onClick={follow} />
    </div>
  );
}

/** A name in code that is that of a file beside the page leads to it. */
function linkNames(page: DocumentFragment, from: string, files: readonly FileEntry[]): void {
  for (const code of page.querySelectorAll('code')) {
    const name = code.textContent;
    if (code.closest('pre, a') !== null || !/^[\w./-]+\.\w+$/.test(name)) continue;
    const target = targetOf(name, from);
    if (target.kind !== 'file' || !files.some(({ path }) => path === target.path)) continue;
    const link = document.createElement('a');
    link.setAttribute('href', name);
    code.replaceWith(link);
    link.append(code);
  }
}

function open(workbench: Workbench, link: string, from: string, page: HTMLElement | null): void {
  const target = targetOf(link, from);
  switch (target.kind) {
    case 'anchor':
      page?.querySelector(`#${CSS.escape(target.anchor)}`)?.scrollIntoView();
      return;
    case 'web':
      window.open(target.url, '_blank', 'noopener,noreferrer');
      return;
    case 'file': {
      const { files } = workbench.state;
      const inside = files.some(({ path }) => path === target.path)
        ? target.path
        : files.find(({ path }) => path === `${target.path}/README.md`)?.path;
      if (inside !== undefined) workbench.attempt(workbench.documents.open(inside));
      else workbench.toast('info', `${link} is not among the files of the workbench`);
      return;
    }
    case 'nowhere':
      workbench.toast('info', `${link} leads out of the files of the workbench`);
  }
}
