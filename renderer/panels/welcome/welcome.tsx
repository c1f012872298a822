import './welcome.css';
import { useSelector, useWorkbench, type Workbench } from '../../state/workbench.ts';
import { Icon } from '../../widgets/icon.tsx';

const FOUNDING_CASE = 'bundled/kvm-oom/reap.yaml';
const FOUNDING_SEARCH = 'bundled/kvm-oom/search-run.yaml';
const FOUNDING_FIX = 'mmu-notifier-async-oom-v2';

interface Journey {
  readonly icon: string;
  readonly title: string;
  readonly text: string;
  readonly action: string;
  readonly run: (workbench: Workbench) => Promise<void> | void;
}

const journeys: readonly Journey[] = [
  {
    icon: 'play',
    title: 'Run a scenario',
    text: 'On PREEMPT_RT the OOM reaper calls KVM inside non_block_start(), where a spin_lock sleeps. Run it, see the splat, and step through how it came about.',
    action: 'Run the founding case',
    run: async (workbench) => {
      await workbench.documents.open(FOUNDING_CASE, { show: false });
      workbench.layout?.apply('run');
      await workbench.runs.start();
    },
  },
  {
    icon: 'telescope',
    title: 'Find and replay an interleaving',
    text: 'Twenty stress runs of the fix pass. Search all interleavings of it instead, and replay what is found, forwards and backwards.',
    action: 'Explore the fix',
    run: async (workbench) => {
      await workbench.documents.open(FOUNDING_SEARCH, { show: false });
      workbench.kernels.change({ patches: [FOUNDING_FIX] });
      workbench.layout?.apply('run');
      await workbench.searches.start({
        strategy: 'dpor',
        preemptions: null,
        executions: null,
        seconds: 30,
        stopAtFirst: false,
      });
    },
  },
  {
    icon: 'live-share',
    title: 'Debug together',
    text: 'Others see your panels and your cursor live, in their browser, over a link with a token. They can look around and change nothing.',
    action: 'Share a session',
    run: (workbench) => workbench.set({ dialog: 'share' }),
  },
];

/** What there is to do here, for somebody who has never been here. */
export default function Welcome() {
  const workbench = useWorkbench();
  return (
    <div className="panel-body welcome">
      <header>
        <img src="./icon.svg" alt="" width={56} height={56} />
        <div>
          <h1>Scythe</h1>
          <p>The races between those who tear an address space down and those who still use it.</p>
        </div>
      </header>
      <div className="welcome-journeys">
        {journeys.map(({ icon, title, text, action, run }) => (
          <article key={title}>
            <h2>
              <Icon name={icon} /> {title}
            </h2>
            <p>{text}</p>
            <button
              className="primary"
              onClick={() => workbench.attempt(Promise.resolve().then(() => run(workbench)))}
            >
              {action}
            </button>
          </article>
        ))}
      </div>
      <p>
        <button onClick={() => workbench.set({ tour: 0 })}>
          <Icon name="map" /> Take the tour of the founding case
        </button>{' '}
        <span className="dim">Seven stations: a splat is found, explained, and compared with a fix.</span>
      </p>
      <Recent />
      <p className="dim">
        <kbd>Ctrl+Shift+P</kbd> finds any command, <kbd>Ctrl+P</kbd> any file, <kbd>?</kbd> shows all
        shortcuts.
      </p>
    </div>
  );
}

function Recent() {
  const workbench = useWorkbench();
  const files = useSelector((state) => state.files);
  const families = new Map<string, number>();
  for (const { path, kind } of files) {
    const family = path.split('/')[1];
    if (
      kind === 'scenario' &&
      path.startsWith('bundled/') &&
      path.split('/').length > 2 &&
      family !== undefined
    ) {
      families.set(family, (families.get(family) ?? 0) + 1);
    }
  }
  const readme = (family: string) => `bundled/${family}/README.md`;
  return (
    <section>
      <h2>The threads, as scenarios</h2>
      <ul className="welcome-families">
        {[...families].map(([family, count]) => (
          <li key={family}>
            <button
              className="link"
              onClick={() => workbench.attempt(workbench.documents.open(readme(family)))}
            >
              {family}
            </button>{' '}
            <span className="dim">{count} scenarios</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
