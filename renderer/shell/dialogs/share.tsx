import { toDataURL } from 'qrcode';
import { useEffect, useState } from 'react';
import { useSelector, useWorkbench } from '../../state/workbench.ts';

/** Starts and ends a shared session, and shows who looks. */
export function Share({ close }: { close: () => void }) {
  const share = useSelector((state) => state.share);
  return (
    <>
      <p>
        Others see the panels and the cursor as you do, live, in a browser. They may look around on their own,
        and can change nothing. It ends with this session.
      </p>
      {share.active ? <Active /> : <Start />}
      <div className="actions">
        <button onClick={close}>Close</button>
      </div>
    </>
  );
}

function Start() {
  const workbench = useWorkbench();
  const [addresses, setAddresses] = useState<readonly { address: string; name: string }[]>([]);
  const [address, setAddress] = useState('127.0.0.1');
  useEffect(() => {
    workbench.attempt(
      workbench.host.call('share/addresses', {}).then((answer) => setAddresses(answer.addresses)),
    );
  }, [workbench]);
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        workbench.attempt(workbench.sharing.start(address));
      }}
    >
      <label>
        Address to be reached at
        <select value={address} onChange={({ target }) => setAddress(target.value)}>
          {addresses.map((choice) => (
            <option key={choice.address} value={choice.address}>
              {choice.address} ({choice.name})
            </option>
          ))}
        </select>
      </label>
      <p className="dim">
        Whoever has the link can look. What is sent is not encrypted: share in networks that you trust.
      </p>
      <button type="submit" className="primary">
        Start sharing
      </button>
    </form>
  );
}

function Active() {
  const workbench = useWorkbench();
  const { url, viewers } = useSelector((state) => state.share);
  const [picture, setPicture] = useState<string | null>(null);
  useEffect(() => {
    if (url !== null) workbench.attempt(toDataURL(url, { margin: 1, width: 180 }).then(setPicture));
  }, [url, workbench]);
  return (
    <>
      <div className="share-link">
        {picture !== null && <img src={picture} alt="The link as a QR code" width={180} height={180} />}
        <div>
          <label>
            Link
            <input readOnly value={url ?? ''} onFocus={({ target }) => target.select()} />
          </label>
          <button onClick={() => workbench.attempt(navigator.clipboard.writeText(url ?? ''))}>
            Copy the link
          </button>
        </div>
      </div>
      <h3>{viewers.length === 0 ? 'Nobody looks yet' : `Viewers (${viewers.length})`}</h3>
      <ul className="viewers">
        {viewers.map(({ id, name, address }) => (
          <li key={id}>
            {name === '' ? 'somebody' : name} at {address}
            <button onClick={() => workbench.attempt(workbench.sharing.drop(id))}>Drop</button>
          </li>
        ))}
      </ul>
      <button onClick={() => workbench.attempt(workbench.sharing.stop())}>Stop sharing</button>
    </>
  );
}
