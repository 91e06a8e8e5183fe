/** A link to something of the service, also where a token must go with the request. */

import type { MouseEvent } from "react";

import { fetchAuthorised, serviceUrl } from "../api/client";
import { currentToken } from "../api/token";

interface Properties {
  path: string;
  fileName: string;
  children: string;
}

export function Download({ path, fileName, children }: Properties) {
  const url = serviceUrl(path);
  const follow = (event: MouseEvent) => {
    if (currentToken() === null) return; // an ordinary link does
    event.preventDefault();
    void save(url, fileName);
  };
  return (
    <a href={url.href} download={fileName} onClick={follow}>
      {children}
    </a>
  );
}

async function save(url: URL, fileName: string): Promise<void> {
  const response = await fetchAuthorised(url);
  const address = URL.createObjectURL(await response.blob());
  const link = document.createElement("a");
  link.href = address;
  link.download = fileName;
  link.click();
  URL.revokeObjectURL(address);
}
