import { render } from "preact";
import { api, session } from "./api.js";
import { App } from "./app.jsx";
import "./live.js";
import { patiently } from "./patience.js";

render(<App />, document.getElementById("app"));
patiently(api.session).then(
    (now) => session.set(now),
    () => session.set(null),
);
