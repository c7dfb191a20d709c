// Words of the sessions.
export const sessions = {
    "sessions.title": ["Sessions", "会话"],
    "sessions.lead": ["Who is online, from where and how well protected", "谁在线、来自何处、保护程度如何"],
    "sessions.filter": ["User, address, mechanism", "用户、地址、机制"],
    "sessions.count": ["{n} {n|session|sessions}", "{n} 个会话"],
    "sessions.some": ["{n} shown, there are others", "显示 {n} 个，还有更多"],
    "sessions.none": ["Nobody is online", "没有人在线"],
    "sessions.no_match": ["No session matches", "没有匹配的会话"],
    "sessions.jid": ["Session", "会话"],
    "sessions.state": ["State", "状态"],
    "sessions.available": ["Available", "可用"],
    "sessions.quiet": ["No presence", "未发送状态"],
    "sessions.lost": ["Connection lost", "连接已断开"],
    "sessions.waiting": ["may resume for {time}", "{time} 内可恢复"],
    "sessions.address": ["Address", "地址"],
    "sessions.security": ["Protection", "保护"],
    "sessions.clear": ["Not encrypted", "未加密"],
    "sessions.for": ["For", "时长"],
    "sessions.queued": ["{size} queued", "{size} 待发送"],

    "close.short": ["Close", "关闭"],
    "close.title": ["Close this session?", "关闭此会话？"],
    "close.then": [
        "The app will be signed out, and told that the operator closed its session.",
        "应用将退出登录，并提示会话已被管理员关闭。",
    ],
    "close.note": [
        "It may sign in again at once. To keep somebody out, disable the user or set a new password.",
        "应用可以立即重新登录。若要阻止登录，请停用该用户或设置新密码。",
    ],
    "close.do": ["Close session", "关闭会话"],
    "close.done": ["The session {jid} is closed", "会话 {jid} 已关闭"],
};
