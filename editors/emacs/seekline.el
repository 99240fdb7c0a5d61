;;; seekline.el --- Ghost text from Seekline, through Eglot -*- lexical-binding: t; -*-

;; Author: Seekline contributors
;; Version: 0.1.0
;; Package-Requires: ((emacs "30.1"))
;; SPDX-License-Identifier: Apache-2.0

;;; Commentary:

;; Eglot knows no inline completion (LSP 3.18), so this asks for it, and shows the answer as an overlay at point.
;;
;;   (require 'seekline)
;;   (seekline-eglot-setup 'python-base-mode)        ; Seekline as the server of Python
;;   (add-hook 'python-base-mode-hook #'eglot-ensure)
;;   (add-hook 'python-base-mode-hook #'seekline-mode)
;;
;; Settings: (setq-default eglot-workspace-configuration '(:seekline (:model "deepseek-coder-1.3b-base")))

;;; Code:

(require 'eglot)
(require 'jsonrpc)

(defgroup seekline nil "Ghost text from Seekline." :group 'tools)

(defcustom seekline-command '("seekline" "serve")
  "The command that starts the server."
  :type '(repeat string))

(defcustom seekline-idle-delay 0.15
  "Seconds without a key before a completion is asked for."
  :type 'number)

(defface seekline-ghost '((t :inherit shadow))
  "The face of ghost text.")

(defvar-local seekline--overlay nil "Shows the ghost text.")
(defvar-local seekline--timer nil "Asks when Emacs is idle.")
(defvar-local seekline--unasked nil "Whether a completion was wanted while there was no server.")

(defun seekline-eglot-setup (&rest modes)
  "Make Seekline the Eglot server of MODES."
  (dolist (mode modes)
    (add-to-list 'eglot-server-programs (cons mode seekline-command))))

(defvar seekline-ghost-map
  (let ((map (make-sparse-keymap)))
    (define-key map (kbd "TAB") #'seekline-accept)
    (define-key map (kbd "<tab>") #'seekline-accept)
    (define-key map (kbd "C-g") #'seekline-dismiss)
    map)
  "Keys that hold while ghost text is shown.")

(defun seekline-ghost-text ()
  "The ghost text at point, or nil."
  (and seekline--overlay (overlay-get seekline--overlay 'seekline-text)))

(defun seekline-dismiss ()
  "Take the ghost text away."
  (interactive)
  (when seekline--overlay
    (delete-overlay seekline--overlay)
    (setq seekline--overlay nil)))

(defun seekline-accept ()
  "Insert the ghost text."
  (interactive)
  (when-let* ((text (seekline-ghost-text)))
    (seekline-dismiss)
    (insert text)))

(defun seekline--show (text)
  "Show TEXT as ghost text at point."
  (seekline-dismiss)
  (let ((ghost (propertize text 'face 'seekline-ghost)))
    (put-text-property 0 1 'cursor t ghost)   ; point stays before the text
    (setq seekline--overlay (make-overlay (point) (point)))
    (overlay-put seekline--overlay 'after-string ghost)
    (overlay-put seekline--overlay 'seekline-text text)
    (overlay-put seekline--overlay 'keymap seekline-ghost-map)))

(defun seekline-request (&optional explicit)
  "Ask for a completion at point; EXPLICIT also where none would be offered."
  (interactive (list t))
  (if-let* ((server (eglot-current-server)))
    (let ((buffer (current-buffer)) (place (point)) (tick (buffer-chars-modified-tick)))
      (eglot--signal-textDocument/didChange)
      (jsonrpc-async-request
       server :textDocument/inlineCompletion
       (append (eglot--TextDocumentPositionParams) `(:context (:triggerKind ,(if explicit 1 2))))
       :success-fn (lambda (answer)
                     (when (buffer-live-p buffer)
                       (with-current-buffer buffer
                         (seekline--answered answer place tick))))
       :error-fn #'ignore
       :timeout nil))                           ; it may load its model first, and answers in any case
    (setq seekline--unasked t)))

(defun seekline--answered (answer place tick)
  "Show ANSWER, unless the user left PLACE or changed the text after TICK.
No answer at all is for what was out of date by then, and changes nothing."
  (let ((items (if (vectorp answer) answer (plist-get answer :items))))
    (when (and answer (= place (point)) (= tick (buffer-chars-modified-tick)))
      (if (seq-empty-p items)
          (seekline-dismiss)
        (seekline--show (plist-get (elt items 0) :insertText))))))

(defun seekline--after-command ()
  "Drop what is out of date, and ask again when the user pauses."
  (unless (memq this-command '(seekline-accept seekline-request))
    (seekline-dismiss))
  (setq seekline--unasked nil)
  (when seekline--timer
    (cancel-timer seekline--timer))
  (when (memq this-command '(self-insert-command newline newline-and-indent delete-backward-char
                             backward-delete-char-untabify indent-for-tab-command seekline-accept))
    (setq seekline--timer
          (run-with-idle-timer seekline-idle-delay nil #'seekline--ask-in (current-buffer)))))

(defun seekline--ask-in (buffer)
  "Ask for a completion in BUFFER, if it is still the one the user sees."
  (when (eq buffer (window-buffer))
    (with-current-buffer buffer
      (seekline-request))))

(defun seekline--server-came ()
  "Ask for what could not be asked before Eglot had a server."
  (when (and seekline--unasked (eglot-managed-p))
    (setq seekline--unasked nil)
    (seekline--ask-in (current-buffer))))

;;;###autoload
(define-minor-mode seekline-mode
  "Show completions of Seekline as ghost text; TAB accepts."
  :lighter " Seek"
  (if seekline-mode
      (progn
        (add-hook 'post-command-hook #'seekline--after-command nil t)
        (add-hook 'eglot-managed-mode-hook #'seekline--server-came nil t))
    (remove-hook 'post-command-hook #'seekline--after-command t)
    (remove-hook 'eglot-managed-mode-hook #'seekline--server-came t)
    (seekline-dismiss)))

(provide 'seekline)
;;; seekline.el ends here
