// Sends a file in slices, says how far it is, goes on after a broken connection.

const WAITS = [1, 2, 4, 8, 15, 30, 30, 30]; // seconds between tries after a lost connection
const HEADERS = { "X-Requested-With": "mlaas" };

class Refused extends Error {
  constructor(status, words) {
    super(words);
    this.status = status;
  }
}

async function call(method, path, options = {}) {
  const headers = { ...HEADERS, ...(options.headers || {}) };
  const answer = await fetch(path, { ...options, method, headers });
  if (answer.ok) return answer.status === 204 ? {} : answer.json();
  const said = await answer.json().catch(() => ({}));
  const words = [said.message, said.hint].filter(Boolean).join(" ");
  throw new Refused(answer.status, words || `The server answered ${answer.status}.`);
}

function size(bytes) {
  if (bytes < 1e6) return `${Math.max(1, Math.round(bytes / 1e3))} kB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
}

function pause(seconds, signal) {
  return new Promise((done, stop) => {
    const timer = setTimeout(done, seconds * 1000);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      stop(new DOMException("Cancelled", "AbortError"));
    }, { once: true });
  });
}

class Upload {
  constructor(root) {
    const one = (selector) => root.querySelector(selector);
    this.zone = one(".zone");
    this.input = one("input");
    this.running = one(".running");
    this.name = one(".name");
    this.amount = one(".amount");
    this.bar = one("progress");
    this.resume = one(".resume");
    this.cancel = one(".cancel");
    this.says = one(".says");
    this.input.onchange = () => this.start(this.input.files[0]);
    this.zone.ondragover = (event) => {
      event.preventDefault();
      this.zone.classList.add("over");
    };
    this.zone.ondragleave = () => this.zone.classList.remove("over");
    this.zone.ondrop = (event) => {
      event.preventDefault();
      this.zone.classList.remove("over");
      this.start(event.dataTransfer.files[0]);
    };
    this.resume.onclick = () => this.start(this.file);
    this.cancel.onclick = () => this.stop();
  }

  // Streamlit calls again with new data; what is under way goes on.
  update(data, done) {
    this.data = data;
    this.done = done;
    this.input.accept = data.kinds.join(",");
    this.zone.querySelector(".kinds").textContent =
      `${data.kinds.map((kind) => kind.slice(1).toUpperCase()).join(", ")} up to ${size(data.limit)}`;
  }

  say(words, bad = false) {
    this.says.textContent = words;
    this.says.classList.toggle("bad", bad);
  }

  show(isRunning, isBroken = false) {
    this.zone.hidden = isRunning;
    this.running.hidden = !isRunning;
    this.resume.hidden = !isBroken;
  }

  advance(received) {
    const percent = this.file.size ? (100 * received) / this.file.size : 0;
    this.bar.value = percent;
    this.amount.textContent = `${size(received)} of ${size(this.file.size)} (${Math.floor(percent)} %)`;
  }

  async start(file) {
    if (!file) return;
    this.file = file;
    if (file.size > this.data.limit) {
      this.say(`The file has ${size(file.size)}; at most ${size(this.data.limit)} are accepted.`, true);
      return;
    }
    this.stopper = new AbortController();
    this.name.textContent = file.name;
    this.show(true);
    this.advance(0);
    this.say("Uploading…");
    try {
      await this.send(file, this.stopper.signal);
    } catch (error) {
      this.fail(error);
    }
  }

  async send(file, signal) {
    const begun = await this.patiently(signal, () => call("POST", "/uploads", {
      signal,
      body: JSON.stringify({
        name: file.name, size: file.size, modified: file.lastModified,
        experiment: this.data.experiment,
      }),
    }));
    this.path = `/uploads/${begun.id}`;
    let received = begun.received;
    if (received) this.say(`Going on after ${size(received)}.`);
    this.advance(received);
    while (received < file.size) {
      received = await this.slice(file, received, begun.slice, signal);
      this.advance(received);
    }
    const finished = await this.patiently(signal, () =>
      call("POST", `${this.path}/finish`, { signal }));
    this.show(false);
    this.input.value = "";
    this.say(`${finished.name} has arrived.`);
    this.done({ upload_id: finished.id, name: finished.name });
  }

  async slice(file, offset, length, signal) {
    const body = file.slice(offset, Math.min(offset + length, file.size));
    try {
      const answer = await this.patiently(signal, () =>
        call("PUT", `${this.path}?offset=${offset}`, { signal, body }));
      return answer.received;
    } catch (error) {
      // The slice may have arrived although its answer was lost: ask where to go on.
      if (!(error instanceof Refused) || error.status !== 409) throw error;
      await pause(1, signal);
      return (await this.patiently(signal, () => call("GET", this.path, { signal }))).received;
    }
  }

  async patiently(signal, act) {
    for (const wait of [...WAITS, null]) {
      try {
        return await act();
      } catch (error) {
        const passing = error instanceof TypeError
          || (error instanceof Refused && [502, 503, 504].includes(error.status));
        if (!passing || wait === null) throw error;
        this.say(`The connection is lost; trying again in ${wait} s.`);
        await pause(wait, signal);
        this.say("Uploading…");
      }
    }
    return null;
  }

  fail(error) {
    if (error.name === "AbortError") return;
    const lost = !(error instanceof Refused);
    const later = lost || [401, 507].includes(error.status);
    this.show(later, later);
    this.input.value = "";
    const words = lost ? "The connection is lost. What has arrived is kept for a day." : error.message;
    this.say(words, true);
  }

  async stop() {
    this.stopper?.abort();
    const path = this.path;
    this.path = null;
    this.show(false);
    this.input.value = "";
    this.say("Cancelled. Nothing was kept.");
    if (path) await call("DELETE", path).catch(() => {});
  }
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  parentElement.mlaasUpload ??= new Upload(parentElement);
  parentElement.mlaasUpload.update(data, (value) => setTriggerValue("done", value));
}
