import type { MessagePortMain } from 'electron';
import type { Connection } from '../../app/service/dispatch.ts';
import { UiConnection, type Welcome } from '../common/connection.ts';

/** The service on a port to a page, until the page goes away. */
export function serve(
  port: Pick<MessagePortMain, 'on' | 'start' | 'postMessage' | 'close'>,
  caller: Connection,
  welcome: Welcome,
): void {
  const connection = new UiConnection(caller, { send: (message) => port.postMessage(message) }, welcome);
  port.on('message', ({ data }) => connection.receive(data));
  port.on('close', () => {
    connection.dispose();
    caller.close();
  });
  port.start();
}
