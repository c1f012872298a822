import { DockviewReact, type DockviewReadyEvent, type IDockviewPanelProps } from 'dockview-react';
import { Suspense, useCallback, type FunctionComponent } from 'react';
import { panels } from '../panels/registry.ts';
import { useWorkbench, type Workbench } from '../state/workbench.ts';
import { DockTab } from './dock-tab.tsx';
import { ErrorBoundary } from './error-boundary.tsx';
import { LayoutControl } from './layout-control.ts';

const SAVE_MS = 400;
const theme = { name: 'scythe', className: 'dockview-theme-scythe', gap: 0 };

const components: Record<string, FunctionComponent<IDockviewPanelProps>> = Object.fromEntries(
  panels.map(({ id, title, component: Content }) => [
    id,
    () => (
      <ErrorBoundary what={title}>
        <Suspense fallback={<p className="starting">Loading …</p>}>
          {/* The dock names the region. */}
          <div className="panel" data-panel={id} tabIndex={-1}>
            <Content />
          </div>
        </Suspense>
      </ErrorBoundary>
    ),
  ]),
);

/** The panels, docked as the user left them. */
export function Dock() {
  const workbench = useWorkbench();
  const ready = useCallback(
    ({ api }: DockviewReadyEvent) => {
      const layout = new LayoutControl(api, () => workbench.isViewer);
      workbench.layout = layout;
      if (workbench.isViewer) layout.apply('run');
      else workbench.attempt(restore(workbench, layout));
    },
    [workbench],
  );
  return (
    <DockviewReact
      className="dock"
      components={components}
      defaultTabComponent={DockTab}
      theme={theme}
      onReady={ready}
    />
  );
}

async function restore(workbench: Workbench, layout: LayoutControl): Promise<void> {
  const { value } = await workbench.host.call('state/read', { key: 'layout' });
  if (!layout.restore(value)) {
    layout.apply('edit');
    layout.show('welcome');
  }
  let timer: ReturnType<typeof setTimeout> | undefined;
  layout.onChange(() => {
    workbench.sharing.changed();
    clearTimeout(timer);
    timer = setTimeout(() => {
      workbench.attempt(workbench.host.call('state/write', { key: 'layout', value: layout.save() }));
    }, SAVE_MS);
  });
}
