import { WebSocket } from 'ws';
import { decodeFrame, encodeFrame } from '../../../app/service/contract/frame.ts';

type Call = readonly [method: string, params: Record<string, unknown>];

/**
 * Makes calls with the token of a shared link, past the page: whoever has the link can do that too.
 *
 * @returns the error codes, or `done`, in the order of the calls
 */
export function callAsViewer(link: string, calls: readonly Call[]): Promise<string[]> {
  const { origin, host, hash } = new URL(link);
  const token = new URLSearchParams(hash.slice(1)).get('token') ?? '';
  return new Promise((resolve, reject) => {
    const answers: string[] = [];
    const socket = new WebSocket(`ws://${host}/workbench`, { origin });
    socket.on('error', reject);
    socket.on('close', (code) => reject(new Error(`the socket was closed with ${code}`)));
    socket.on('open', () => {
      socket.send(encodeFrame({ type: 'open', token, name: 'past the page' }));
      calls.forEach(([method, params], index) => {
        socket.send(encodeFrame({ type: 'call', id: index + 1, method, params }));
      });
    });
    socket.on('message', (data: Buffer) => {
      const answer = decodeFrame(new Uint8Array(data)) as { type: string; id?: number; code?: string };
      if (answer.type !== 'result' && answer.type !== 'error') return;
      answers[(answer.id ?? 0) - 1] = answer.code ?? 'done';
      if (answers.filter((code) => code !== '').length < calls.length) return;
      socket.close();
      resolve(answers);
    });
  });
}
