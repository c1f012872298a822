import '@vscode/codicons/dist/codicon.css';
import 'dockview-react/dist/styles/dockview.css';
import './styles/themes.css';
import './styles/base.css';
import './styles/widgets.css';
import './styles/dock.css';
import './styles/shell.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { connect } from './host/connect.ts';
import { App } from './shell/app.tsx';
import { ErrorBoundary } from './shell/error-boundary.tsx';
import { applySettings } from './state/apply-settings.ts';
import { Workbench, WorkbenchProvider } from './state/workbench.ts';

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no element #root');

const workbench = new Workbench(connect());
applySettings(workbench.state.settings);
addEventListener('unhandledrejection', ({ reason }) => workbench.report(reason));

createRoot(root).render(
  <StrictMode>
    <WorkbenchProvider value={workbench}>
      <ErrorBoundary what="The workbench">
        <App />
      </ErrorBoundary>
    </WorkbenchProvider>
  </StrictMode>,
);
