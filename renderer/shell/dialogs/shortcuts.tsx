import { menus } from '../commands/command.ts';
import { commands } from '../commands/index.ts';
import { label } from '../keys.ts';

/** All shortcuts, by menu. */
export function Shortcuts() {
  return menus.map((menu) => {
    const withKeys = commands.filter((command) => command.menu === menu && command.keys !== undefined);
    if (withKeys.length === 0) return null;
    return (
      <table key={menu} className="data">
        <thead>
          <tr>
            <th scope="col">{menu}</th>
            <th scope="col">Shortcut</th>
          </tr>
        </thead>
        <tbody>
          {withKeys.map(({ id, title, keys = [] }) => (
            <tr key={id}>
              <td>{title}</td>
              <td>
                {keys.map((key) => (
                  <kbd key={key}>{label(key)}</kbd>
                ))}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    );
  });
}
