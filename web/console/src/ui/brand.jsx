export function Mark() {
    return (
        <svg class="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
            <rect class="mark-ground" width="32" height="32" rx="8" />
            <path class="mark-bird" d="M6.5 21.5c4.2.4 6.3-1 8-4.2 1.6-3.1 2.6-7.3 6.6-8 2.3-.4 4 .7 4.6 2.4l2 .9-2 .9c-.2 5.3-3.6 10-9.7 10-3.6 0-6.7-.6-9.5-2Z" />
            <path class="mark-breast" d="M22.7 13.8c.6 3.5-1.5 7-5.7 7.6 1.9-2.3 2.9-5.9 5.7-7.6Z" />
            <circle class="mark-eye" cx="22.3" cy="11.7" r="0.9" />
        </svg>
    );
}

export function Brand({ domain }) {
    return (
        <div class="brand">
            <Mark />
            <div class="brand-words">
                <strong>Linnet</strong>
                {domain && <span class="brand-domain">{domain}</span>}
            </div>
        </div>
    );
}
