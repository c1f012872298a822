import './address-space.css';
import type { Inspection, InspectedMm } from '../../../app/service/contract/inspection.ts';
import { useWorkbench } from '../../state/workbench.ts';
import { Icon } from '../../widgets/icon.tsx';
import { WithInspection } from '../use-inspection.tsx';

type Kvm = Inspection['kvms'][number];
type Page = Inspection['pages'][number];

/** Address spaces at the cursor: who maps which page, and pages that are gone. */
export default function AddressSpace() {
  return (
    <div className="panel-body">
      <WithInspection show={(inspection) => <Spaces inspection={inspection} />} />
    </div>
  );
}

function Spaces({ inspection }: { inspection: Inspection }) {
  const { mms, kvms, pages, tasks, lastTask } = inspection;
  const byPfn = new Map(pages.map((page) => [page.pfn, page]));
  const comms = new Map(tasks.map(({ id, comm, pid }) => [id, `${comm}-${pid}`]));
  // What a VM lives in comes first: that is what the reaper and KVM argue about.
  const owners = new Set(kvms.map(({ mm }) => mm));
  const interesting = mms
    .filter(({ dead, vmas }) => dead || vmas.length > 0)
    .sort((a, b) => Number(owners.has(b.address)) - Number(owners.has(a.address)));
  if (interesting.length === 0 && kvms.length === 0)
    return <div className="empty">No address space stands here.</div>;
  return (
    <div className="spaces">
      {kvms.map((kvm) => (
        <Guest key={kvm.address} kvm={kvm} pages={byPfn} />
      ))}
      {interesting.map((mm) => (
        <Space
          key={mm.address}
          mm={mm}
          pages={byPfn}
          users={mm.tasks.map((id) => comms.get(id) ?? `task ${id}`)}
          open={owners.has(mm.address) || mm.dead || mm.tasks.includes(lastTask ?? -1)}
        />
      ))}
    </div>
  );
}

interface SpaceProps {
  readonly mm: InspectedMm;
  readonly pages: ReadonlyMap<number, Page>;
  readonly users: readonly string[];
  readonly open: boolean;
}

function Space({ mm, pages, users, open }: SpaceProps) {
  return (
    <details open={open}>
      <summary>
        <strong>mm_struct</strong> <code>{mm.address}</code> {users.join(', ')}
        {mm.dead && <Dead what="freed" />}
      </summary>
      <Counters counters={mm.counters} />
      {mm.flags.length > 0 && (
        <p className="spaces-flags">
          {mm.flags.map((flag) => (
            <span key={flag} className="badge warn">
              {flag}
            </span>
          ))}
        </p>
      )}
      <table className="data mono">
        <thead>
          <tr>
            <th scope="col">VMA</th>
            <th scope="col">Flags</th>
            <th scope="col">Pages that its entries map</th>
          </tr>
        </thead>
        <tbody>
          {mm.vmas.map((vma) => (
            <tr key={`${vma.start}${vma.dead}`}>
              <td>
                {vma.start}-{vma.end}
                <br />
                <span className="dim">{vma.name}</span> {vma.dead && <Dead what="freed" />}
              </td>
              <td>{vma.flags}</td>
              <td>
                {vma.ptes.map((pte) => (
                  <PageCell
                    key={pte.address}
                    pfn={pte.pfn}
                    page={pages.get(pte.pfn)}
                    dead={pte.dead}
                    about={`${pte.address} ${pte.flags.join(' ')}`}
                  />
                ))}
                {vma.ptes.length === 0 && <span className="dim">none</span>}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}

function Guest({ kvm, pages }: { kvm: Kvm; pages: ReadonlyMap<number, Page> }) {
  return (
    <details open>
      <summary>
        <strong>struct kvm</strong> <code>{kvm.address}</code>
        {kvm.mm !== null && (
          <span className="dim">
            {' '}
            of mm <code>{kvm.mm}</code>
          </span>
        )}
        {kvm.dead && <Dead what="freed" />}
      </summary>
      <Counters counters={kvm.counters} />
      <table className="data mono">
        <thead>
          <tr>
            <th scope="col">Memory slot</th>
            <th scope="col">SPTEs: gfn → pfn</th>
          </tr>
        </thead>
        <tbody>
          {kvm.memslots.map(({ id, base_gfn, npages, userspace_addr }) => {
            const own = kvm.sptes.filter(({ gfn }) => gfn >= base_gfn && gfn < base_gfn + npages);
            return (
              <tr key={id}>
                <td>
                  {id}: gfn {base_gfn.toString(16)}, {npages} pages at {userspace_addr}
                </td>
                <td>
                  {own.map(({ gfn, pfn, writable, dead }) => (
                    <PageCell
                      key={gfn}
                      pfn={pfn}
                      page={pages.get(pfn)}
                      dead={dead}
                      about={`gfn ${gfn.toString(16)}${writable ? ', writable' : ''}`}
                    />
                  ))}
                  {own.length === 0 && <span className="dim">none</span>}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </details>
  );
}

interface CellProps {
  readonly pfn: number;
  readonly page: Page | undefined;
  readonly dead: boolean;
  readonly about: string;
}

/** A page as somebody maps it. A mapping of a page that has been freed is what must never be. */
function PageCell({ pfn, page, dead, about }: CellProps) {
  const counts = page === undefined ? '' : `, refcount ${page.refcount}, mapcount ${page.mapcount}`;
  const flags = page === undefined || page.flags.length === 0 ? '' : `, ${page.flags.join(' ')}`;
  return (
    <span className="page" data-dead={dead} title={`${about}: pfn ${pfn.toString(16)}${counts}${flags}`}>
      {dead && <Icon name="error" />}
      {pfn.toString(16)}
      {dead && <span className="visually-hidden"> freed</span>}
    </span>
  );
}

/** Counters by their names. A click goes back to the last write of one, with Shift on to the next. */
function Counters({ counters }: { counters: Readonly<Record<string, number>> }) {
  const workbench = useWorkbench();
  return (
    <dl className="counters mono">
      {Object.entries(counters).map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <button
              className="link mono"
              title={`Back to the last write of ${name}; with Shift on to the next`}
              onClick={({ shiftKey }) => {
                const direction = shiftKey ? 'forward' : 'back';
                workbench.attempt(workbench.runs.seek(direction, { kind: 'write', object: name }));
              }}
            >
              {value}
            </button>
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Dead({ what }: { what: string }) {
  return (
    <span className="badge bad">
      <Icon name="error" /> {what}
    </span>
  );
}
