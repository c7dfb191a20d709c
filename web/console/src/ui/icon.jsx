// Line icons on a grid of 20; what they mean is said in words beside them or by their button's label.
const LINES = {
    home: ["M3 9.2 10 3.5l7 5.7", "M5 8v8.5h10V8", "M8.2 16.5v-4.6h3.6v4.6"],
    users: ["M7.5 9.5a3 3 0 1 0 0-6 3 3 0 0 0 0 6Z", "M2 16.5c.4-3 2.6-4.5 5.5-4.5s5.1 1.5 5.5 4.5", "M13 3.8a3 3 0 0 1 0 5.4", "M15 12.3c1.7.7 2.7 2.1 3 4.2"],
    sessions: ["M2.5 4h15v9.5h-15Z", "M7 16.8h6", "M10 13.5v3.3"],
    xray: ["M3 4h6", "M6 8.2h6", "M9 12.4h5", "M12 16.5h5"],
    search: ["M9 15A6 6 0 1 0 9 3a6 6 0 0 0 0 12Z", "m13.5 13.5 3.5 3.5"],
    plus: ["M10 4v12", "M4 10h12"],
    close: ["m5 5 10 10", "M15 5 5 15"],
    check: ["m4 10.5 4 4 8-9"],
    cross: ["m6 6 8 8", "m14 6-8 8"],
    alert: ["M10 3 2.5 16.5h15Z", "M10 8v4", "M10 14.3v.2"],
    eye: ["M1.8 10S4.8 4.5 10 4.5 18.2 10 18.2 10 15.2 15.5 10 15.5 1.8 10 1.8 10Z", "M10 12.4a2.4 2.4 0 1 0 0-4.8 2.4 2.4 0 0 0 0 4.8Z"],
    copy: ["M7 7h9.5v9.5H7Z", "M13 7V3.5H3.5V13H7"],
    renew: ["M16.5 10a6.5 6.5 0 1 1-2-4.7", "M16.5 2.8v3.4h-3.4"],
    left: ["m12 4-6 6 6 6"],
    right: ["m8 4 6 6-6 6"],
    down: ["m4.5 7.5 5.5 5.5 5.5-5.5"],
    key: ["M6.5 13.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7Z", "M10 10h7.5v3", "M14.5 10v2"],
    out: ["M8 3.5H3.5v13H8", "M12.5 6.5 16 10l-3.5 3.5", "M16 10H7.5"],
    stop: ["M10 17.5a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15Z", "m4.8 4.8 10.4 10.4"],
    trash: ["M3.5 5.5h13", "M7.5 5.5v-2h5v2", "m5 5.5.8 11h8.4l.8-11", "M8.5 8.5v5", "M11.5 8.5v5"],
    shield: ["M10 2.5 3.5 5v5c0 4 2.7 6.5 6.5 7.8 3.8-1.3 6.5-3.8 6.5-7.8V5Z", "m7 10 2.2 2.2L13 8"],
};

export function Icon({ name, class: extra = "" }) {
    return (
        <svg class={`icon ${extra}`} viewBox="0 0 20 20" aria-hidden="true" focusable="false">
            {LINES[name].map((d) => (
                <path key={d} d={d} />
            ))}
        </svg>
    );
}
