import './kernel.css';
import { useEffect, useState } from 'react';
import type { KernelSettings, Overrides } from '../../../app/service/contract/scenario.ts';
import { differences } from '../../state/kernels.ts';
import { useSelector, useWorkbench } from '../../state/workbench.ts';
import { Icon } from '../../widgets/icon.tsx';
import { Options } from './options.tsx';
import { PatchList } from './patch-list.tsx';

interface Resolved {
  /** What it is the answer to. */
  readonly overrides: Overrides;
  readonly kernel: KernelSettings;
  readonly notes: readonly string[];
  readonly issues: readonly string[];
}

const NONE: Overrides = {};

/** The kernel that the scenario runs with: its own settings, and what is tried out above them. */
export default function Kernel() {
  const workbench = useWorkbench();
  const path = useSelector((state) => state.activeDocument);
  const own = useSelector(({ activeDocument, checks }) =>
    activeDocument === null ? null : (checks.get(activeDocument)?.kernel ?? null),
  );
  const checked = useSelector(
    ({ activeDocument, checks }) => activeDocument !== null && checks.has(activeDocument),
  );
  const overrides = useSelector(({ activeDocument, overrides }) =>
    activeDocument === null ? NONE : (overrides.get(activeDocument) ?? NONE),
  );
  const catalogue = useSelector((state) => state.catalogue);
  const [resolved, setResolved] = useState<Resolved | null>(null);

  useEffect(() => {
    let current = true;
    if (own === null) return;
    workbench.attempt(
      workbench.kernels.resolve().then((result) => {
        if (current) setResolved({ overrides, ...result });
      }),
    );
    return () => {
      current = false;
    };
  }, [workbench, path, own, overrides]);

  if (own === null || resolved === null || catalogue === null) {
    return (
      <div className="empty">
        {path?.endsWith('.yaml') !== true
          ? 'Open a scenario to see its kernel.'
          : checked && own === null
            ? 'The scenario has errors: the editor marks them.'
            : 'The scenario is being read …'}
      </div>
    );
  }
  // Until the answer is there, what was chosen is shown as chosen.
  const kernel = resolved.overrides === overrides ? resolved.kernel : withOverrides(own, overrides);
  const count = differences(overrides);
  return (
    <>
      <div className="panel-bar">
        {count === 0 ? (
          <span className="dim">As the scenario says</span>
        ) : (
          <>
            <span className="badge warn">
              {count} {count === 1 ? 'difference' : 'differences'} from the scenario
            </span>
            <span className="spring" />
            <button onClick={() => workbench.attempt(workbench.kernels.writeBack())}>
              <Icon name="save" /> Write into the scenario
            </button>
            <button onClick={() => workbench.kernels.reset()}>
              <Icon name="discard" /> Reset
            </button>
          </>
        )}
      </div>
      <div className="panel-body kernel-body">
        {[...resolved.issues, ...resolved.notes].map((note) => (
          <p key={note} className="kernel-note" role="status">
            <Icon name="warning" /> {note}
          </p>
        ))}
        <section>
          <h3>Tree</h3>
          <select
            aria-label="Tree"
            value={kernel.tree}
            onChange={({ target }) => workbench.kernels.change({ tree: target.value })}
          >
            {catalogue.trees.map(({ name, release }) => (
              <option key={name} value={name}>
                {name} ({release})
              </option>
            ))}
          </select>
          <p className="dim">{catalogue.trees.find(({ name }) => name === kernel.tree)?.description}</p>
        </section>
        <PatchList kernel={kernel} own={own} />
        <Options kernel={kernel} own={own} />
        <Machine kernel={kernel} />
      </div>
    </>
  );
}

function withOverrides(own: KernelSettings, overrides: Overrides): KernelSettings {
  const { config, ...others } = overrides;
  const set = Object.fromEntries(Object.entries(others).filter(([, value]) => value !== undefined));
  return { ...own, ...set, config: { ...own.config, ...config } };
}

function Machine({ kernel }: { kernel: KernelSettings }) {
  const workbench = useWorkbench();
  const [append, setAppend] = useState(kernel.append.join(' '));
  useEffect(() => setAppend(kernel.append.join(' ')), [kernel.append]);
  const words = append.split(/\s+/).filter((word) => word !== '');
  return (
    <section>
      <h3>Machine</h3>
      <label className="kernel-row">
        CPUs
        <input
          type="number"
          min={1}
          max={64}
          value={kernel.cpus}
          onChange={({ target }) => {
            if (target.validity.valid) workbench.kernels.change({ cpus: target.valueAsNumber });
          }}
        />
      </label>
      <label className="kernel-row">
        Memory
        <select
          value={kernel.memory}
          onChange={({ target }) => workbench.kernels.change({ memory: target.value })}
        >
          {[...new Set([kernel.memory, '512M', '1G', '2G', '4G'])].map((size) => (
            <option key={size}>{size}</option>
          ))}
        </select>
      </label>
      <label className="kernel-row">
        Boot arguments
        <input
          value={append}
          spellCheck={false}
          onChange={({ target }) => setAppend(target.value)}
          onBlur={() => {
            if (words.join(' ') !== kernel.append.join(' ')) workbench.kernels.change({ append: words });
          }}
        />
      </label>
      <Faults kernel={kernel} />
    </section>
  );
}

/** A failure that may strike: more of them are written in the scenario. */
function Faults({ kernel }: { kernel: KernelSettings }) {
  const workbench = useWorkbench();
  const has = (site: string) =>
    kernel.faults.some((fault) => (fault as { site?: unknown } | null)?.site === site);
  const toggle = (site: string) => {
    const others = kernel.faults.filter((fault) => (fault as { site?: unknown } | null)?.site !== site);
    const faults = has(site) ? others : [...others, { site, probability: '5%' }];
    workbench.kernels.change({ faults });
  };
  return (
    <>
      <h4>Fault injection</h4>
      {['failslab', 'fail_page_alloc'].map((site) => (
        <label key={site} className="kernel-option">
          <input type="checkbox" checked={has(site)} onChange={() => toggle(site)} />
          <span>
            <code>{site}</code>{' '}
            <span className="dim">
              {site === 'failslab' ? 'kmalloc() and its like may fail' : 'page allocations may fail'}
            </span>
          </span>
        </label>
      ))}
    </>
  );
}
