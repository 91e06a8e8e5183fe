/** The help on the keyboard: a button in the head, the key `?`, and the list of all shortcuts. */

import { useEffect, useRef, useState, useSyncExternalStore } from "react";

import { useViews } from "../account/useViews";
import { messages } from "../messages";
import { addressOf } from "../views";
import { areOn, listenToKeys, shortcuts, turn, useShortcut, type Shortcut } from "./shortcuts";
import { chooseTheme, nextTheme } from "./theme";

const text = messages.help;

export function Help({ onSkip }: { onSkip: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [isOpen, setOpen] = useState(false);
  const open = () => setOpen(true);
  useEffect(listenToKeys, []);
  useEffect(() => {
    if (isOpen) dialog.current?.showModal();
  }, [isOpen]);
  useShortcut({ keys: "?", group: text.everywhere, text: text.showHelp, run: open });
  useShortcut({ keys: "c", group: text.everywhere, text: text.skip, run: onSkip });
  useShortcut({
    keys: "t",
    group: text.everywhere,
    text: text.changeTheme,
    run: () => chooseTheme(nextTheme()),
  });
  useViewShortcuts();
  return (
    <>
      <button type="button" className="help-button" aria-label={text.open} title={text.open} onClick={open}>
        ?
      </button>
      {isOpen && (
        <dialog
          ref={dialog}
          className="help"
          aria-labelledby="help-title"
          onClose={() => setOpen(false)} // after the focus is back where it was
        >
          <h2 id="help-title">{text.title}</h2>
          <ShortcutTable />
          <p className="muted note">{text.note}</p>
          <Switch />
          <button type="button" onClick={() => dialog.current?.close()}>
            {text.close}
          </button>
        </dialog>
      )}
    </>
  );
}

/** `g` and a letter for each view. */
function useViewShortcuts(): void {
  const views = useViews();
  useEffect(() => {
    const ends = views.map((view) =>
      shortcuts.add({
        keys: `g ${view.key}`,
        group: text.views,
        text: text.goTo(view.name),
        run: () => (window.location.hash = addressOf(view)),
      }),
    );
    return () => ends.forEach((end) => end());
  }, [views]);
}

function ShortcutTable() {
  const all = useSyncExternalStore(shortcuts.listen, shortcuts.all);
  const groups = [...new Set(all.map((one) => one.group))];
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">{text.keys}</th>
          <th scope="col">{text.action}</th>
        </tr>
      </thead>
      {groups.map((group) => (
        <tbody key={group}>
          <tr>
            <th scope="rowgroup" colSpan={2}>
              {group}
            </th>
          </tr>
          {all
            .filter((one) => one.group === group)
            .map((one) => (
              <tr key={one.keys}>
                <td>
                  <Keys shortcut={one} />
                </td>
                <td>{one.text}</td>
              </tr>
            ))}
        </tbody>
      ))}
    </table>
  );
}

function Keys({ shortcut }: { shortcut: Shortcut }) {
  const [first, second] = shortcut.keys.split(" ");
  return (
    <>
      <kbd>{first}</kbd>
      {second !== undefined && (
        <>
          {" "}
          {text.then} <kbd>{second}</kbd>
        </>
      )}
    </>
  );
}

function Switch() {
  const [isOn, setOn] = useState(areOn);
  const change = (wanted: boolean) => {
    turn(wanted);
    setOn(areOn());
  };
  return (
    <label>
      <input type="checkbox" checked={isOn} onChange={(event) => change(event.target.checked)} /> {text.isOn}
    </label>
  );
}
