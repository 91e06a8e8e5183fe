/** All accounts, for who keeps them. */

import { utc } from "../format";
import { messages } from "../messages";
import { useRequest } from "../ui/hooks";
import { accounts, type User } from "./client";
import { Allowed, roleText } from "./permissions";
import { Words } from "../told/Words";

const text = messages.account;

export function UsersView() {
  return (
    <section className="panel" aria-labelledby="users-title">
      <h2 id="users-title">{text.users}</h2>
      <Allowed permission="users">
        <Users />
      </Allowed>
    </section>
  );
}

function Users() {
  const { data, problem } = useRequest((signal) => accounts.users(signal), "");
  if (problem !== null) {
    return (
      <p className="problem" role="alert">
        <Words text={problem} />
      </p>
    );
  }
  if (data === null) return <p className="empty">{messages.loading}</p>;
  return (
    <>
      <p className="muted note">{text.usersNote}</p>
      <table className="cards">
        <thead>
          <tr>
            {[text.name, text.role, text.state, text.created, text.signedIn].map((one) => (
              <th key={one} scope="col">
                {one}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {data.map((user) => (
            <Row key={user.name} user={user} />
          ))}
        </tbody>
      </table>
    </>
  );
}

function Row({ user }: { user: User }) {
  return (
    <tr data-user={user.name}>
      <td data-label={text.name}>
        {user.name} {user.is_elsewhere && <span className="badge">{text.isElsewhere}</span>}
      </td>
      <td data-label={text.role}>{roleText(user.role)}</td>
      <td data-label={text.state}>{user.is_active ? text.isActive : text.isClosed}</td>
      <td data-label={text.created}>{utc(Date.parse(user.created))}</td>
      <td data-label={text.signedIn}>
        {user.signed_in === null ? text.never : utc(Date.parse(user.signed_in))}
      </td>
    </tr>
  );
}
