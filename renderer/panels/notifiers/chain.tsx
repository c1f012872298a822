import type { Inspection } from '../../../app/service/contract/inspection.ts';
import { Icon } from '../../widgets/icon.tsx';

type List = Inspection['subscriptions'][number];

const WHERE = {
  mm: 'list of the mm',
  stack: 'list on a stack',
  interval: 'interval tree',
} as const;

/** A list of subscriptions with its pointers: each node's `next`, and whose pointer its `pprev` points to. */
export function Chain({ list }: { list: List }) {
  return (
    <article className="chain" data-dead={list.dead}>
      <h4 className="mono">
        {WHERE[list.where]} {list.owner}
        {list.dead && (
          <span className="badge bad">
            <Icon name="error" /> gone
          </span>
        )}
      </h4>
      <ol>
        {list.nodes.map((node) => (
          <li key={node.address} data-dead={node.dead}>
            <strong>{node.name}</strong>
            <span className="mono">{node.address}</span>
            <span className="dim">
              {node.memory}
              {node.users !== null && `, users ${node.users}`}
            </span>
            {node.dead && (
              <span className="badge bad">
                <Icon name="error" /> freed
              </span>
            )}
            {list.where !== 'interval' && (
              <span className="mono chain-pointers">
                next → {node.next ?? 'NULL'}
                <br />
                pprev → {node.pprev ?? 'NULL'}
              </span>
            )}
            {node.detail !== '' && <span className="dim">{node.detail}</span>}
          </li>
        ))}
        {list.nodes.length === 0 && <li className="dim">empty</li>}
      </ol>
    </article>
  );
}
