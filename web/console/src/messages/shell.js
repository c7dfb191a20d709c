// Words of every page, of signing in, and for what goes wrong.
export const shell = {
    "nav.label": ["Pages", "页面"],
    "nav.skip": ["Skip to the page", "跳到正文"],
    "nav.audit": ["Audit", "审计"],
    "nav.settings": ["Settings", "设置"],
    "nav.home": ["Home", "主页"],
    "nav.users": ["Users", "用户"],
    "nav.sessions": ["Sessions", "会话"],
    "nav.xray": ["X-ray", "登录透视"],
    "nav.security": ["Security", "安全"],

    "live.on": ["Live", "实时"],
    "live.off": ["Reconnecting…", "正在重新连接…"],

    "quiet.yet": ["The server is not answering yet", "服务器尚未响应"],
    "quiet.yet_note": [
        "The page goes on trying, and is here as soon as the server answers.",
        "页面会继续尝试，服务器一有响应就会显示。",
    ],
    "quiet.since": ["The server has not answered since {time}", "服务器自 {time} 起没有响应"],
    "quiet.since_note": [
        "What is shown is from before. The page goes on trying, and is up to date as soon as the server answers.",
        "显示的是此前的内容。页面会继续尝试，服务器一有响应就会更新。",
    ],

    "load.waiting": ["Waiting for the server…", "正在等待服务器…"],
    "load.missing": ["This page could not be loaded", "无法加载此页面"],
    "load.missing_note": [
        "The console does not answer, or it has been updated since this window was opened.",
        "控制台没有响应，或在打开此窗口之后已更新。",
    ],
    "load.again": ["Load again", "重新加载"],

    // the names of pages, and what is said before one is there or in several
    "home.title": ["Home", "主页"],
    "users.title": ["Users", "用户"],
    "new.title": ["Create user", "新建用户"],
    "sessions.title": ["Sessions", "会话"],
    "security.title": ["Security", "安全"],
    "set.title": ["Settings", "设置"],
    "trail.title": ["Audit", "审计"],
    "xray.title": ["Sign-in X-ray", "登录透视"],
    "first.title": ["Set up Linnet", "设置 Linnet"],
    "first.done": ["The server is set up", "服务器设置完成"],
    "first.done_note": ["Sign in as {jid}.", "请以 {jid} 登录。"],
    "act.busy": ["Working…", "正在处理…"],
    "new.cancel": ["Cancel", "取消"],

    "lost.title": ["There is no such page", "没有这个页面"],
    "lost.home": ["Go to the home page", "返回主页"],

    "prefs.language": ["Language", "语言"],
    "prefs.theme": ["Colours", "配色"],

    "theme.auto": ["Auto", "自动"],
    "theme.light": ["Light", "浅色"],
    "theme.dark": ["Dark", "深色"],

    "role.full": ["Administrator", "管理员"],
    "role.read-only": ["Read only", "只读"],
    "role.none": ["User", "普通用户"],

    "menu.label": ["Account and appearance:", "账号与外观："],
    "menu.sign_out": ["Sign out", "退出登录"],
    "menu.failed": ["Signing out failed; try again.", "退出登录失败，请重试。"],
    "menu.version": ["Console {version}", "控制台 {version}"],

    "drawer.close": ["Close", "关闭"],

    "password.show": ["Show the password", "显示密码"],

    "secret.show": ["Show", "显示"],
    "secret.hide": ["Hide", "隐藏"],
    "secret.copy": ["Copy the password", "复制密码"],

    "copy.do": ["Copy", "复制"],
    "copy.done": ["Copied", "已复制"],
    "copy.failed": ["Not copied", "未能复制"],

    "signin.title": ["Sign in", "登录"],
    "signin.lead": ["To the console of your Linnet server.", "进入 Linnet 服务器的控制台。"],
    "signin.user": ["User name", "用户名"],
    "signin.password": ["Password", "密码"],
    "signin.do": ["Sign in", "登录"],
    "signin.busy": ["Signing in…", "正在登录…"],
    "signin.unmade": ["This server has no administrator yet", "此服务器还没有管理员"],
    "signin.unmade_note": [
        "Open the link that linnetd printed when it started: it begins with “set up at”.",
        "请打开 linnetd 启动时打印的链接，该行以“set up at”开头。",
    ],
    "signin.wrong": ["The user name or the password is wrong.", "用户名或密码错误。"],
    "signin.no_admin": ["This account is not an administrator.", "该账号不是管理员。"],
    "signin.slow": ["Too many attempts.", "尝试次数过多。"],
    "signin.wait": ["Try again in {n} {n|second|seconds}.", "请在 {n} 秒后重试。"],
    "signin.down": ["The server does not answer. Is linnetd running?", "服务器没有响应。linnetd 是否正在运行？"],

    "error.unreachable": ["The console does not answer.", "控制台没有响应。"],
    "error.refused": ["The server does not answer. Is linnetd running?", "服务器没有响应。linnetd 是否正在运行？"],
    "error.timeout": ["The server did not answer in time. Try again.", "服务器未及时响应，请重试。"],
    "error.store": ["The database could not do it. The server's log says why.", "数据库无法完成操作，原因见服务器日志。"],
    "error.policy": [
        "You may not do that: your role is read-only, or the account is your own.",
        "不能执行此操作：您的角色是只读，或这是您自己的账号。",
    ],
    "error.not-found": ["It is not there, or not any more.", "不存在，或已不复存在。"],
    "error.csrf": ["This page is out of date. Load it again.", "页面已过期，请重新加载。"],
    "error.origin": [
        "The console was opened under an address that is not its own.",
        "控制台是通过不属于它的地址打开的。",
    ],
    "error.signed-out": ["You have been signed out.", "您已退出登录。"],
    "error.register-taken": ["That user exists already.", "该用户已存在。"],
    "error.meanwhile": ["Somebody has just changed it: look at it again before you save.", "刚刚有人更改了它：请核对后再保存。"],
    "error.internal": ["Something went wrong inside Linnet.", "Linnet 内部出错。"],
    "error.too-large": ["That is too long.", "内容过长。"],
};
