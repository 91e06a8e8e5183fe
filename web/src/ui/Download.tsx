/** A link to something of the service, also where a token must go with the request. */

import { useState, type MouseEvent } from "react";

import { errorOf, fetchAuthorised, problemOf, serviceUrl, type ErrorBody } from "../api/client";
import { currentToken } from "../api/token";
import { messages } from "../messages";
import { Words } from "../told/Words";

interface Properties {
  path: string;
  fileName: string;
  children: string;
}

export function Download({ path, fileName, children }: Properties) {
  const [problem, setProblem] = useState<string | null>(null);
  const url = serviceUrl(path);
  const follow = (event: MouseEvent) => {
    if (currentToken() === null) return; // an ordinary link does
    event.preventDefault();
    setProblem(null);
    contentOf(url).then(
      (content) => save(content, fileName),
      (error: unknown) => setProblem(problemOf(error)),
    );
  };
  return (
    <>
      <a href={url.href} download={fileName} onClick={follow}>
        {children}
      </a>
      {problem !== null && (
        <span className="problem" role="alert">
          {" "}
          <Words text={problem} />
        </span>
      )}
    </>
  );
}

/** What lies at an address; an error where that is nothing, or not what was asked for. */
export async function contentOf(url: URL): Promise<Blob> {
  const response = await fetchAuthorised(url);
  if (!response.ok) throw errorOf(response, said(await response.text().catch(() => "")));
  if (response.status === 204) throw new Error(messages.detail.nothingToSave);
  return response.blob();
}

/** Why there is none: in the envelope of the service, or in the second paragraph of an FDSN text. */
function said(text: string): ErrorBody | undefined {
  try {
    return (JSON.parse(text) as { error?: ErrorBody }).error;
  } catch {
    const message = text.split("\n\n")[1];
    return message === undefined ? undefined : { code: "http_error", message, detail: null };
  }
}

function save(content: Blob, fileName: string): void {
  const address = URL.createObjectURL(content);
  const link = document.createElement("a");
  link.href = address;
  link.download = fileName;
  link.click();
  URL.revokeObjectURL(address);
}
