import dagre from '@dagrejs/dagre';
import { useMemo } from 'react';
import type { Inspection } from '../../../app/service/contract/inspection.ts';

type Graph = Inspection['lockGraph'];

const CHARACTER = 7.4;
const HEIGHT = 26;

/** lockdep's classes with an arrow from each to what was taken inside it. The cycle that it reported is marked. */
export function LockGraph({ graph }: { graph: Graph }) {
  const { nodes, edges, width, height } = useMemo(() => layoutOf(graph), [graph]);
  if (nodes.length === 0) {
    return <p className="dim">None: PROVE_LOCKING is off, or no lock was taken inside another one.</p>;
  }
  return (
    <svg
      className="lock-graph"
      viewBox={`0 0 ${width} ${height}`}
      width={width}
      height={height}
      role="img"
      aria-label={`Lock dependencies: ${inWords(graph)}`}
    >
      <defs>
        <marker
          id="lock-arrow"
          viewBox="0 0 8 8"
          refX="7"
          refY="4"
          markerWidth="8"
          markerHeight="8"
          orient="auto"
        >
          <path d="M0 0 8 4 0 8z" className="lock-arrow" />
        </marker>
      </defs>
      {edges.map(({ path, cyclic, title }) => (
        <path key={path} d={path} className="lock-edge" data-cyclic={cyclic} markerEnd="url(#lock-arrow)">
          <title>{title}</title>
        </path>
      ))}
      {nodes.map(({ name, x, y, width: wide, cyclic }) => (
        <g key={name} transform={`translate(${x - wide / 2} ${y - HEIGHT / 2})`}>
          <rect width={wide} height={HEIGHT} rx={5} className="lock-node" data-cyclic={cyclic} />
          <text x={wide / 2} y={HEIGHT / 2 + 4} textAnchor="middle" className="lock-name">
            {cyclic ? `⟳ ${name}` : name}
          </text>
        </g>
      ))}
    </svg>
  );
}

function inWords({ classes, edges }: Graph): string {
  const nameOf = (index: number): string => classes[index] ?? '';
  return edges.map(({ from, to }) => `${nameOf(from)} before ${nameOf(to)}`).join('; ');
}

function layoutOf({ classes, edges, cycle }: Graph) {
  const used = new Set(edges.flatMap(({ from, to }) => [from, to]));
  for (const index of cycle) used.add(index);
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({ rankdir: 'LR', nodesep: 14, ranksep: 46, marginx: 8, marginy: 8 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const index of used) {
    const name = classes[index] ?? '';
    graph.setNode(String(index), { width: name.length * CHARACTER + 34, height: HEIGHT });
  }
  for (const { from, to } of edges) if (from !== to) graph.setEdge(String(from), String(to));
  dagre.layout(graph);
  const inCycle = new Set(cycle);
  const steps = new Set(cycle.map((from, at) => `${from}>${cycle[(at + 1) % cycle.length] ?? from}`));
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
  return {
    width,
    height,
    nodes: [...used].map((index) => {
      const { x, y, width: wide } = graph.node(String(index)) as { x: number; y: number; width: number };
      return { name: classes[index] ?? '', x, y, width: wide, cyclic: inCycle.has(index) };
    }),
    edges: edges
      .filter(({ from, to }) => from !== to)
      .map(({ from, to, at }) => {
        const { points } = graph.edge(String(from), String(to)) as {
          points: readonly { x: number; y: number }[];
        };
        return {
          path: points.map(({ x, y }, index) => `${index === 0 ? 'M' : 'L'}${x} ${y}`).join(''),
          cyclic: steps.has(`${from}>${to}`),
          title: `${classes[from] ?? ''} → ${classes[to] ?? ''} (${at})`,
        };
      }),
  };
}
